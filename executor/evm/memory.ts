import { bytesToWord, readPadded, writeWord } from '../words.ts'

const NO_BYTES = new Uint8Array()

/** Memory of one frame. Callers expand it (and charge for that) before they read or write. */
export class Memory {
  /** Grows in doublings; only the first `sizeBytes` belong to the program. */
  #bytes = NO_BYTES
  /** A multiple of 32. */
  sizeBytes = 0

  expand(sizeBytes: number): void {
    if (sizeBytes > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(sizeBytes, 2 * this.#bytes.length, 256))
      grown.set(this.#bytes.subarray(0, this.sizeBytes))
      this.#bytes = grown
    }
    this.sizeBytes = sizeBytes
  }

  readWord(offset: number): bigint {
    return bytesToWord(this.#bytes, offset)
  }

  writeWord(offset: number, word: bigint): void {
    writeWord(this.#bytes, offset, word)
  }

  writeByte(offset: number, byte: number): void {
    this.#bytes[offset] = byte
  }

  /** Valid until the next write or expansion. */
  view(offset: number, length: number): Uint8Array {
    return length === 0 ? NO_BYTES : this.#bytes.subarray(offset, offset + length)
  }

  copy(offset: number, length: number): Uint8Array {
    return length === 0 ? NO_BYTES : this.#bytes.slice(offset, offset + length)
  }

  write(offset: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#bytes.set(bytes, offset)
  }

  /** Copies `length` bytes of the source, zeros beyond its end. */
  writePadded(offset: number, source: Uint8Array, sourceOffset: bigint, length: number): void {
    if (length > 0) this.#bytes.set(readPadded(source, sourceOffset, length), offset)
  }
}
