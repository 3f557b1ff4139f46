import type { ZkCounters } from '#protocol/counters.ts'

export const NO_COUNTERS: ZkCounters = {
  steps: 0,
  arithmetics: 0,
  binaries: 0,
  memAligns: 0,
  keccakHashes: 0,
  poseidonPaddings: 0,
  poseidonHashes: 0,
  sha256Hashes: 0,
}

/** Names of the counters, in the order the protocol lists them. */
export const COUNTER_NAMES = Object.keys(NO_COUNTERS) as (keyof ZkCounters)[]

export function addCounters(a: ZkCounters, b: ZkCounters): ZkCounters {
  return {
    steps: a.steps + b.steps,
    arithmetics: a.arithmetics + b.arithmetics,
    binaries: a.binaries + b.binaries,
    memAligns: a.memAligns + b.memAligns,
    keccakHashes: a.keccakHashes + b.keccakHashes,
    poseidonPaddings: a.poseidonPaddings + b.poseidonPaddings,
    poseidonHashes: a.poseidonHashes + b.poseidonHashes,
    sha256Hashes: a.sha256Hashes + b.sha256Hashes,
  }
}

export function subtractCounters(a: ZkCounters, b: ZkCounters): ZkCounters {
  const negative = { ...b }
  for (const name of COUNTER_NAMES) negative[name] = -b[name]
  return addCounters(a, negative)
}

/** First counter that is above its limit. */
export function findExhaustedCounter(used: ZkCounters, limits: ZkCounters): keyof ZkCounters | undefined {
  return COUNTER_NAMES.find((name) => used[name] > limits[name])
}
