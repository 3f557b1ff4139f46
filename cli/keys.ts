import { readSecret } from '#config/load.ts'
import type { Hex } from '#protocol/primitives.ts'

const VARIABLES = {
  sequencer: 'ZKNODE_SEQUENCER_KEY',
  aggregator: 'ZKNODE_AGGREGATOR_KEY',
  attester: 'ZKNODE_ATTESTER_KEY',
} as const
type KeyName = keyof typeof VARIABLES

/** The keys that the environment holds, and how the configuration refers to them. @throws {ConfigError} for a wrong one */
export function findKeys(env: NodeJS.ProcessEnv = process.env) {
  const references: Partial<Record<KeyName, string>> = {}
  const values: Partial<Record<KeyName, Hex>> = {}
  for (const [name, variable] of Object.entries(VARIABLES) as [KeyName, string][]) {
    if (!env[variable]) continue
    references[name] = `env:${variable}`
    values[name] = readSecret(variable, `env:${variable}`, env)
  }
  return { references, values }
}
