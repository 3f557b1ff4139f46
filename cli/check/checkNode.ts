import { VARIABLES } from '#config/environment.ts'
import { inspectNodeFile, type Understood } from '#config/inspect.ts'
import type { WrongOption } from '#config/issues.ts'
import { opsPortOf } from '#config/ops.ts'
import type { Role } from '../run/roles.ts'
import { checkChain } from './chain.ts'
import { checkDatabase } from './database.ts'
import { type Finding, fault, fine, guard } from './finding.ts'
import { checkPorts, type Listener } from './ports.ts'
import { needsOf } from './subject.ts'
import { checkTemporal } from './temporal.ts'
import { checkTrustedSequencer } from './trustedSequencer.ts'

export type CheckInput = { path: string; roles: readonly Role[]; env?: NodeJS.ProcessEnv }

/**
 * Everything that would keep these roles from working with this file, and what is fine; nothing is changed anywhere. What
 * does not answer hides nothing of the rest. @throws {ConfigError} when the file cannot be read
 */
export async function checkNode({ path, roles, env = process.env }: CheckInput): Promise<Finding[]> {
  const { wrong, understood, sections } = inspectNodeFile(path, {
    env,
    isOfProver: roles.every((role) => role === 'prover'),
  })
  const isList = sections['l1']?.['rpcUrl'] === undefined
  const { parts } = needsOf(roles)
  const { database, proofStore, temporal } = understood
  const found = await Promise.all([
    wrong.length === 0 ? [fine('configuration', `${path} has no wrong option`)] : wrong.map(describeWrong),
    guard('l1', checkChain(understood, { roles, isList })),
    parts.has('state') && database !== undefined ? guard('database.url', checkState(understood)) : [],
    parts.has('proofStore') && proofStore?.url !== undefined && proofStore.url !== database?.url
      ? guard('proofStore.url', checkDatabase({ option: 'proofStore.url', url: proofStore.url }))
      : [],
    checkTrustedSequencer(understood),
    parts.has('temporal') && temporal !== undefined ? guard('temporal.address', checkTemporalOf(temporal)) : [],
    checkPorts(listenersOf(understood, roles), understood.network.chainId),
  ])
  return found.flat().map((finding) => nameVariable(finding, env))
}

const describeWrong = ({ option, problem }: WrongOption): Finding =>
  fault(option, problem, 'Correct the file: docs/configuration.md has every option.')

async function checkState({ database, network }: Understood): Promise<Finding[]> {
  const url = database?.url
  if (url === undefined) return [fine('database.url', 'left out: `zknode run` starts a server of its own')]
  return await checkDatabase({ option: 'database.url', url, network })
}

async function checkTemporalOf({ address, namespace }: NonNullable<Understood['temporal']>): Promise<Finding[]> {
  if (address === undefined) return [fine('temporal.address', 'left out: `zknode run` starts a server of its own')]
  return await checkTemporal({ address, namespace })
}

function listenersOf({ rpc, ops, aggregator }: Understood, roles: readonly Role[]): Listener[] {
  const at = (section: string, { host, port }: { host: string; port: number }): Listener => ({
    ...{ option: `${section}.port`, hostOption: `${section}.host`, host, port },
  })
  const opsPorts = roles.map(
    (role) => ops && { ...at('ops', { host: ops.host, port: opsPortOf(role, ops) }), ...optionOf(role) },
  )
  return [
    ...(roles.includes('api') && rpc ? [at('rpc', rpc)] : []),
    ...(roles.includes('aggregator') && aggregator?.grpc.enabled ? [at('aggregator.grpc', aggregator.grpc)] : []),
    ...opsPorts.filter((listener) => listener !== undefined),
  ]
}

/** Others than the API's follow it, unless they have an option of their own. */
const optionOf = (role: Role) => (role === 'api' ? {} : { option: `ops.ports.${role}` })

/** A variable wins over the file: there it has to be changed. */
function nameVariable(finding: Finding, env: NodeJS.ProcessEnv): Finding {
  const [variable] =
    Object.entries(VARIABLES).find(([name, option]) => env[name] !== undefined && finding.option.startsWith(option)) ??
    []
  return variable === undefined ? finding : { ...finding, variable }
}
