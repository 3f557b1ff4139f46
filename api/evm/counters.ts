import type { ZkCounters } from '#protocol/counters.ts'
import type { ForkRules } from '#protocol/forks.ts'
import { quantity } from '../format.ts'
import * as schema from '../schemas.ts'

/** Names of the counters in the answers of zkevm-node, behind `used` and `max`. */
const NAMES = {
  keccakHashes: 'KeccakHashes',
  poseidonHashes: 'PoseidonHashes',
  poseidonPaddings: 'PoseidonPaddings',
  memAligns: 'MemAligns',
  arithmetics: 'Arithmetics',
  binaries: 'Binaries',
  steps: 'Steps',
  sha256Hashes: 'SHA256Hashes',
} as const satisfies Record<keyof ZkCounters, string>

const entries = Object.entries(NAMES) as [keyof ZkCounters, string][]
const fieldsOf = (prefix: string) => Object.fromEntries(entries.map(([, name]) => [prefix + name, schema.quantity]))

export const countersUsed = schema.component(
  'countersUsed',
  schema.object({ gasUsed: schema.quantity, ...fieldsOf('used') }),
)
export const countersLimit = schema.component(
  'countersLimit',
  schema.object({ maxGasUsed: schema.quantity, ...fieldsOf('max') }),
)

export function formatCounters(counters: Readonly<Record<string, number>>, gasUsed: number) {
  const used = entries.map(([counter, name]) => [`used${name}`, quantity(counters[counter] ?? 0)])
  return { gasUsed: quantity(gasUsed), ...Object.fromEntries(used) }
}

/** Zeros for a fork of which no figures are known. */
export function formatCounterLimits({ blockGasLimit, counterBudget }: ForkRules) {
  const limits = entries.map(([counter, name]) => [`max${name}`, quantity(counterBudget?.[counter] ?? 0)])
  return { maxGasUsed: quantity(blockGasLimit), ...Object.fromEntries(limits) }
}
