import { readFrom, sizeOf } from './logFile.ts'

/** Gives what is written to a log from now on, whole lines at a time. */
export class LogFollower {
  readonly #path: string
  readonly #onLines: (lines: string) => void
  #seen: number

  constructor(path: string, onLines: (lines: string) => void) {
    this.#path = path
    this.#onLines = onLines
    this.#seen = sizeOf(path)
  }

  /** Gives what is new. To be called before the log is trimmed, and once more at the end. */
  read(): void {
    const size = sizeOf(this.#path)
    if (size === this.#seen) return
    if (size < this.#seen) this.#seen = 0 // it was emptied
    const bytes = readFrom(this.#path, this.#seen)
    const whole = bytes.lastIndexOf(0x0a) + 1
    if (whole === 0) return
    this.#seen += whole
    this.#onLines(bytes.toString('utf8', 0, whole))
  }
}
