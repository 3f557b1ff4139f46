import { closest, distance } from 'fastest-levenshtein'
import { type Entry, listEntries } from './catalogue.ts'

/** Letters that may differ between what was meant and what was written. */
const isNear = (written: string, meant: string) => distance(written, meant) <= Math.max(2, written.length / 4)

/** What the user may have meant by an option that does not exist; undefined when nothing is like it. */
export function suggestOption(path: readonly string[]): string | undefined {
  const all = listEntries()
  const [section, written] = [path.slice(0, -1).join('.'), path.at(-1)!]
  const elsewhere = all.filter(({ path }) => path.at(-1) === written)
  if (elsewhere.length > 0) return `it stands in another place: ${elsewhere.map(nameOf).join(' or ')}`
  const siblings = all.filter(({ path }) => path.slice(0, -1).join('.') === section)
  for (const candidates of [siblings, all]) {
    const names = candidates.map(({ path }) => path.at(-1)!)
    const nearest = names.length > 0 ? closest(written, names) : undefined
    if (nearest === undefined || !isNear(written.toLowerCase(), nearest.toLowerCase())) continue
    return `did you mean ${candidates
      .filter(({ path }) => path.at(-1) === nearest)
      .map(nameOf)
      .join(' or ')}?`
  }
  return undefined
}

const nameOf = ({ path }: Entry) => path.join('.')
