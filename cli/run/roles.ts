import { UsageError } from '#common/errors.ts'
import type { NodeFile } from '#config/schema.ts'

/** Processes that are asked for do not exist, or have nothing to do with this configuration. */
export class RunOptionError extends UsageError {
  override readonly name = 'RunOptionError'
}

/**
 * Processes of a node, in the order of their start. `workflows` also sends to L1; `aggregator` is where remote provers
 * dial in. `follower` is all of a node that follows but its API.
 */
const ROLES = {
  sequencer: ['workflows', 'sequencer', 'synchronizer', 'prover', 'aggregator', 'api'],
  permissionless: ['follower', 'api'],
  trusting: ['follower', 'api'],
} as const
export type Role = (typeof ROLES)[keyof typeof ROLES][number]

type Place = Pick<NodeFile, 'role'> & {
  network: Pick<NodeFile['network'], 'verifier'>
  aggregator: { grpc: { enabled: boolean } }
}

export const ROLES_HELP = `${ROLES.sequencer.join(',')}; of a node that follows ${ROLES.trusting.join(',')}`

/** A prover alone needs neither the State DB nor L1, so less configuration. */
export const isProverAlone = (list: string | undefined): boolean => list?.trim() === 'prover'

/** Those named, or all with something to do. @throws {RunOptionError} */
export function readRoles(list: string | undefined, config: Place): readonly Role[] {
  const known: readonly Role[] = ROLES[config.role]
  if (list === undefined) return known.filter((role) => whyIdle(role, config) === undefined)
  const names = list.split(',').map((name) => nameIn(config.role, name.trim()))
  const unknown = names.filter((name) => !known.includes(name as Role))
  if (unknown.length > 0)
    throw new RunOptionError('A node of this role has no such processes.', {
      facts: { role: config.role, unknown: unknown.join(), known: known.join() },
    })
  const roles = known.filter((role) => names.includes(role))
  for (const role of roles) {
    const reason = whyIdle(role, config)
    if (reason !== undefined) throw new RunOptionError(`The ${role} would have nothing to do: ${reason}.`)
  }
  return roles
}

/** What keeps a node that follows in step with L1 is its follower. */
const nameIn = (role: NodeFile['role'], name: string) =>
  role !== 'sequencer' && name === 'synchronizer' ? 'follower' : name

function whyIdle(role: Role, { network, aggregator }: Place): string | undefined {
  if (role === 'prover' && network.verifier !== 'attestation')
    return `network.verifier is ${network.verifier}, and provers of our own only attest`
  if (role === 'aggregator' && !aggregator.grpc.enabled)
    return 'aggregator.grpc.enabled is false, so no prover may dial in'
  return undefined
}
