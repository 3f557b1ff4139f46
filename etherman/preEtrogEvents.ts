import type { Interface, LogDescription, ParamType, Result } from 'ethers'
import { Hash, type Hex } from '#protocol/primitives.ts'
import { preEtrogGlobalExitRootInterface, preEtrogInterface } from './interfaces.ts'
import type { L1Event } from './types.ts'

const EVENTS = [
  ...['SequenceBatches', 'SequenceForceBatches', 'ForceBatch', 'VerifyBatches', 'VerifyBatchesTrustedAggregator'],
  ...['ConsolidatePendingState', 'OverridePendingState', 'UpdateZkEVMVersion'],
]
/** Calls that carry what their events leave out. */
const CALL_OF: Readonly<Record<string, string>> = {
  SequenceBatches: 'sequenceBatches',
  SequenceForceBatches: 'sequenceForceBatches',
  ForceBatch: 'forceBatch',
}
const INTERFACES: readonly Interface[] = [preEtrogInterface, preEtrogGlobalExitRootInterface]

/** First topics of the events of forks 1 to 6. */
export const PRE_ETROG_TOPICS: readonly string[] = [
  ...EVENTS.map((name) => preEtrogInterface.getEvent(name)!.topicHash),
  preEtrogGlobalExitRootInterface.getEvent('UpdateGlobalExitRoot')!.topicHash,
]

type Log = { topics: string[]; data: string; transactionHash: string }
type Context = { getTransaction: (hash: Hash) => Promise<{ input: Hex }> }

/**
 * An event of the contracts before fork 7: a change of the fork, or facts to keep, with the arguments of the call when it
 * is readable. Undefined for other logs. Whether a call is readable stops nobody: nothing is computed from it.
 */
export async function readPreEtrogLog(log: Log, { getTransaction }: Context): Promise<L1Event | undefined> {
  const event = INTERFACES.map((abi) => abi.parseLog(log)).find((parsed) => parsed !== null)
  if (event === undefined) return undefined
  const txHash = Hash(log.transactionHash)
  const { name, args } = event
  if (name === 'UpdateZkEVMVersion') {
    return { kind: 'forkUpgrade', fromBatch: Number(args['numBatch']) + 1, forkId: Number(args['forkID']), txHash }
  }
  const method = CALL_OF[name]
  const call = method === undefined ? undefined : decodeCall(method, (await getTransaction(txHash)).input)
  return {
    kind: 'preEtrog',
    event: name,
    facts: { ...plainArguments(event), ...(call !== undefined && { call }) },
    txHash,
  }
}

const plainArguments = ({ fragment, args }: LogDescription) => plainFields(fragment.inputs, args)

function decodeCall(method: string, input: Hex): unknown {
  const { selector, inputs } = preEtrogInterface.getFunction(method)!
  try {
    return input.startsWith(selector)
      ? plainFields(inputs, preEtrogInterface.decodeFunctionData(method, input))
      : undefined
  } catch {
    return undefined
  }
}

const plainFields = (types: readonly ParamType[], values: Result): Record<string, unknown> =>
  Object.fromEntries(types.map((type, index) => [type.name, plain(type, values[index])]))

/** Numbers as decimal text, for JSON has no large ones. */
function plain(type: ParamType, value: unknown): unknown {
  if (type.isArray()) return [...(value as Result)].map((element) => plain(type.arrayChildren, element))
  if (type.isTuple()) return plainFields(type.components, value as Result)
  return typeof value === 'bigint' ? String(value) : value
}
