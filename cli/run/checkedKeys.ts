import { ConfigError } from '#config/load.ts'
import type { NodeFile } from '#config/schema.ts'
import { checkKeys } from '../check/keys.ts'
import { formatFinding } from '../check/report.ts'
import { needsOf } from '../check/subject.ts'
import type { Role } from './roles.ts'

/**
 * Reads the keys that processes of these roles have to hold, so that a wrong password ends the start and not each process.
 * A remote signer may be away for now. @throws {ConfigError} naming each key that cannot be read
 */
export async function assertKeys(config: Pick<NodeFile, 'keys' | 'signer'>, roles: readonly Role[]): Promise<void> {
  const names = needsOf(roles).keys.filter((name) => !config.keys[name]?.startsWith('signer:'))
  const { findings } = await checkKeys(names, config)
  const faults = findings.filter(({ status }) => status === 'fault')
  if (faults.length === 0) return
  throw new ConfigError(`Keys cannot be read:\n${faults.flatMap(formatFinding).join('\n')}`)
}
