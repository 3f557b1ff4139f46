import { buildKernel } from './build.ts'

/** Hashes of one call: the input takes 96 bytes each, the output 32. */
export const KERNEL_BATCH = 2048
/** u32 words of one hash's input: twelve field elements, low half first. */
export const INPUT_WORDS = 24
/** u32 words of a hash. */
export const HASH_WORDS = 8

const PAGE_BYTES = 65_536
const INPUT_BYTES = KERNEL_BATCH * INPUT_WORDS * 4
const OUTPUT_BYTES = KERNEL_BATCH * HASH_WORDS * 4

type Exports = { memory: WebAssembly.Memory; hashMany(input: number, output: number, count: number): void }

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(await buildKernel()))
const { memory, hashMany } = exports as Exports
const inputOffset = memory.buffer.byteLength
memory.grow(Math.ceil((INPUT_BYTES + OUTPUT_BYTES) / PAGE_BYTES))

/** Write here, then `hashBatch`: eight inputs and four capacity elements each, below p, little-endian. */
export const kernelInput = new Uint32Array(memory.buffer, inputOffset, KERNEL_BATCH * INPUT_WORDS)
/** The same memory as bytes. */
export const kernelInputBytes = new Uint8Array(memory.buffer, inputOffset, INPUT_BYTES)
/** Read from here after `hashBatch`; the next call overwrites it. */
export const kernelOutput = new Uint32Array(memory.buffer, inputOffset + INPUT_BYTES, KERNEL_BATCH * HASH_WORDS)

/** Poseidon of the first `count` inputs, at most KERNEL_BATCH. Source: zkEVM ROM, Poseidon over Goldilocks. */
export function hashBatch(count: number): void {
  hashMany(inputOffset, inputOffset + INPUT_BYTES, count)
}
