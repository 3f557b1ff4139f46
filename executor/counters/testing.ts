import type { ZkCounters } from '#protocol/counters.ts'

type CounterName = 'steps' | 'arith' | 'binary' | 'memAlign' | 'keccaks' | 'padding' | 'poseidon' | 'sha256'
/** Counters under the names of the vectors; without sha256 in placeholders. */
export type Counts = Record<Exclude<CounterName, 'sha256'>, number> & { sha256?: number }

export const named = (counters: ZkCounters): Required<Counts> => ({
  steps: counters.steps,
  arith: counters.arithmetics,
  binary: counters.binaries,
  memAlign: counters.memAligns,
  keccaks: counters.keccakHashes,
  padding: counters.poseidonPaddings,
  poseidon: counters.poseidonHashes,
  sha256: counters.sha256Hashes,
})
