import { HASH_WORDS, hashBatch, INPUT_WORDS, KERNEL_BATCH, kernelInput, kernelOutput } from './kernel.ts'

const P = 0xffffffff00000001n

/** Eight inputs and four capacity elements, any integers: they count modulo p. For tests; trees hash in bulk. */
export function poseidon(inputs: readonly bigint[], capacity: readonly bigint[]): [bigint, bigint, bigint, bigint] {
  for (const [index, integer] of [...inputs, ...capacity].entries()) {
    const element = ((integer % P) + P) % P
    kernelInput[2 * index] = Number(element & 0xffffffffn)
    kernelInput[2 * index + 1] = Number(element >> 32n)
  }
  hashBatch(1)
  const element = (index: number) => BigInt(kernelOutput[2 * index]!) | (BigInt(kernelOutput[2 * index + 1]!) << 32n)
  return [element(0), element(1), element(2), element(3)]
}

/**
 * Hashes any number of inputs in calls of the kernel's size.
 * @param write puts input `index` at word `offset` of the kernel's input, all 24 words of it
 * @param read takes hash `index` from word `offset` of the kernel's output
 */
export function hashInBulk(
  count: number,
  write: (index: number, offset: number) => void,
  read: (index: number, offset: number) => void,
): void {
  for (let start = 0; start < count; start += KERNEL_BATCH) {
    const size = Math.min(KERNEL_BATCH, count - start)
    for (let i = 0; i < size; i++) write(start + i, i * INPUT_WORDS)
    hashBatch(size)
    for (let i = 0; i < size; i++) read(start + i, i * HASH_WORDS)
  }
}
