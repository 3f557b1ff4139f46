import { bytesToBigInt } from '#common/bytes.ts'

/** Longest run of bytes an instruction reads beyond its own: PUSH32. */
const PADDING_BYTES = 33

/**
 * Contract code prepared for the interpreter. Running past the end stops, as code followed by zero bytes does, and a
 * PUSH that reaches past it reads zeros. Jump targets need no table: the zkEVM takes any 0x5B byte inside the code.
 */
export class Code {
  /** The code itself. */
  readonly bytes: Uint8Array
  /** The code followed by zeros: indexes up to the size plus 32 are inside. */
  readonly padded: Uint8Array
  readonly #pushes: (bigint | undefined)[] = []

  constructor(bytes: Uint8Array) {
    this.padded = new Uint8Array(bytes.length + PADDING_BYTES)
    this.padded.set(bytes)
    this.bytes = this.padded.subarray(0, bytes.length)
  }

  get sizeBytes(): number {
    return this.bytes.length
  }

  /** Operand of the PUSH whose data starts at `offset`; decoded once. */
  pushValue(offset: number, length: number): bigint {
    const known = this.#pushes[offset]
    if (known !== undefined) return known
    const value = bytesToBigInt(this.padded.subarray(offset, offset + length))
    this.#pushes[offset] = value
    return value
  }

  isJumpDestination(offset: number): boolean {
    return this.bytes[offset] === 0x5b
  }
}

export const EMPTY_CODE = new Code(new Uint8Array())
