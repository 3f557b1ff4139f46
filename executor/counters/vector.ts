import type { ZkCounters } from '#protocol/counters.ts'

/**
 * What something costs in zk-counters: steps, arith, binary, memAlign, keccak, padding, poseidon, sha256, and how many
 * times poseidon grows with the depth of the state tree.
 */
export type CounterVector = readonly number[]

export const VECTOR_SIZE = 9
/** Positions in a vector. */
export const KECCAK = 4
export const PADDING = 5
export const POSEIDON = 6
export const SHA256 = 7
export const TREE_PATHS = 8

const NAMES = ['S', 'A', 'B', 'M', 'K', 'D', 'P', 'SHA', 'MCP'] as const

export function vector(counts: Partial<Record<(typeof NAMES)[number], number>>): CounterVector {
  return NAMES.map((name) => counts[name] ?? 0)
}

/** Sum of vectors. */
export function sum(...vectors: readonly CounterVector[]): CounterVector {
  const total = Array<number>(VECTOR_SIZE).fill(0)
  for (const each of vectors) for (let index = 0; index < VECTOR_SIZE; index++) total[index]! += each[index]!
  return total
}

/** The vector `factor` times. */
export function times(factor: number, each: CounterVector): CounterVector {
  return each.map((count) => count * factor)
}

export const NOTHING = vector({})

/** @param levels how deep a path of the state tree is taken to be */
export function vectorToCounters(vector: ArrayLike<number>, levels: number): ZkCounters {
  return {
    steps: vector[0]!,
    arithmetics: vector[1]!,
    binaries: vector[2]!,
    memAligns: vector[3]!,
    keccakHashes: vector[4]!,
    poseidonPaddings: vector[5]!,
    poseidonHashes: vector[6]! + levels * vector[TREE_PATHS]!,
    sha256Hashes: vector[7]!,
  }
}
