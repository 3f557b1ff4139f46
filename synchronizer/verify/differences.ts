/** One fact that is not the same on both sides; null where there is nothing. */
export type Difference = { what: string; field: string; ours: Fact; theirs: Fact }
type Fact = string | number | null

/** After so many nobody learns more from the next. */
const MOST = 100

/** Collects what differs, in the order in which it was met. */
export class Differences {
  readonly found: Difference[] = []

  get isFull(): boolean {
    return this.found.length >= MOST
  }

  add(what: string, field: string, ours: Fact | undefined, theirs: Fact | undefined): void {
    if (!this.isFull) this.found.push({ what, field, ours: ours ?? null, theirs: theirs ?? null })
  }

  /** Each field of the first that the second has otherwise. */
  compare(what: string, ours: Readonly<Record<string, Fact>>, theirs: Readonly<Record<string, Fact>>): void {
    for (const [field, value] of Object.entries(ours))
      if (value !== theirs[field]) this.add(what, field, value, theirs[field])
  }
}

export const describeDifference = ({ what, field, ours, theirs }: Difference, their: string) =>
  `${what}: ${field} here ${ours ?? 'missing'}, ${their} ${theirs ?? 'missing'}`
