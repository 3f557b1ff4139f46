import { hashBatch, KERNEL_BATCH, kernelInput } from '#merkletree/kernel.ts'
import { medianCpuSeconds } from './measure.ts'
import type { BenchResult } from './run.ts'

const CALLS = 50

/** Poseidon permutations per CPU second, in calls of the kernel's batch size and one by one. */
export async function run(): Promise<BenchResult> {
  for (let word = 0; word < kernelInput.length; word++) kernelInput[word] = word
  const bulk = await medianCpuSeconds(9, () => {
    for (let call = 0; call < CALLS; call++) hashBatch(KERNEL_BATCH)
  })
  const single = await medianCpuSeconds(9, () => {
    for (let call = 0; call < 20_000; call++) hashBatch(1)
  })
  return {
    name: 'poseidon',
    rows: [
      { what: `calls of ${KERNEL_BATCH}`, hashesPerCpuSecond: Math.round((CALLS * KERNEL_BATCH) / bulk) },
      { what: 'one a call', hashesPerCpuSecond: Math.round(20_000 / single) },
    ],
  }
}
