import { createHash } from 'node:crypto'
import { Transform } from 'node:stream'

/** A stream that lets everything pass and knows how much it was, and its SHA-256 where that is asked for. */
export class Meter extends Transform {
  bytes = 0
  readonly #hash = createHash('sha256')
  readonly #isHashed: boolean
  readonly #onBytes: (bytes: number) => void

  constructor({
    isHashed = false,
    onBytes = () => {},
  }: { isHashed?: boolean; onBytes?: (bytes: number) => void } = {}) {
    super()
    this.#isHashed = isHashed
    this.#onBytes = onBytes
  }

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length
    if (this.#isHashed) this.#hash.update(chunk)
    this.#onBytes(chunk.length)
    done(null, chunk)
  }

  /** When the stream has ended; once. */
  sha256(): string {
    return this.#hash.digest('hex')
  }
}
