import type { Interface, LogDescription } from 'ethers'
import { hexToBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import { Address, Hash, type Hex, InvalidValueError } from '#protocol/primitives.ts'
import { L1DataError, L1EventUnsupportedError } from './errors.ts'
import { type InnerCall, scanForCalls } from './innerCalls.ts'
import { globalExitRootInterface, rollupInterface, rollupManagerInterface } from './interfaces.ts'
import { PRE_ETROG_TOPICS, readPreEtrogLog } from './preEtrogEvents.ts'
import {
  decodeForceBatch,
  decodeSequenceBatches,
  decodeSequenceForceBatches,
  FORCED_SEQUENCE_SELECTORS,
  SEQUENCE_SELECTORS,
  VALIDIUM_SELECTORS,
} from './sequenceCalldata.ts'
import type { L1Block, L1Event } from './types.ts'

/** A log as JSON-RPC gives it, as far as it is used. */
export type RpcLog = {
  address: string
  topics: string[]
  data: string
  blockHash: string
  transactionHash: string
  blockNumber: Hex
  logIndex: Hex
}
export type RpcTransaction = { hash: string; from: string; to: string | null; input: Hex }

export type L1Contracts = { rollupManager: Address; rollup: Address; globalExitRoot: Address; pol: Address }

/** What is needed to read one log: the block it is in, and ways to ask for more when that counts. */
export type LogContext = {
  contracts: L1Contracts
  rollupId: number
  block: L1Block
  getTransaction: (hash: Hash) => Promise<RpcTransaction>
  /** Calls that the rollup got within a transaction; undefined when the endpoint does not trace. */
  traceCalls?: (hash: Hash) => Promise<InnerCall[] | undefined>
  readForkId: (rollupTypeId: number) => Promise<number>
  /** How many logs of the same event the transaction has before this one. */
  ordinal?: number
}

const OF_ROLLUP = [
  ...['SequenceBatches', 'SequenceForceBatches', 'ForceBatch', 'InitialSequenceBatches', 'UpdateEtrogSequence'],
]
const OF_MANAGER = [
  ...['VerifyBatchesTrustedAggregator', 'VerifyBatches', 'ConsolidatePendingState', 'OverridePendingState'],
  ...['CreateNewRollup', 'UpdateRollup', 'AddExistingRollup', 'RollbackBatches'],
]

const topicsOf = (abi: Interface, names: readonly string[]) => names.map((name) => abi.getEvent(name)!.topicHash)

/** First topics of all events that are read: the filter for eth_getLogs. */
export const EVENT_TOPICS: readonly string[] = [
  ...new Set([
    ...topicsOf(globalExitRootInterface, ['UpdateL1InfoTree']),
    ...topicsOf(rollupInterface, OF_ROLLUP),
    ...topicsOf(rollupManagerInterface, OF_MANAGER),
    ...PRE_ETROG_TOPICS,
  ]),
]

/**
 * An event in our words; undefined for logs that do not concern this rollup.
 * @throws {L1DataError} for a log that cannot be read and for calldata of unknown form, {L1EventUnsupportedError} for a validium
 */
export async function readLog(log: RpcLog, context: LogContext): Promise<L1Event | undefined> {
  try {
    return await readKnownLog(log, context)
  } catch (cause) {
    if (cause instanceof NodeError && !(cause instanceof InvalidValueError)) throw cause
    const { address, transactionHash, logIndex } = log
    throw new L1DataError('A log of L1 cannot be read.', { cause, facts: { address, transactionHash, logIndex } })
  }
}

async function readKnownLog(log: RpcLog, context: LogContext): Promise<L1Event | undefined> {
  const { contracts, rollupId } = context
  const address = Address(log.address)
  const txHash = Hash(log.transactionHash)
  if (address === contracts.globalExitRoot) {
    const event = globalExitRootInterface.parseLog(log)
    if (event?.name === 'UpdateL1InfoTree') return readInfoLeaf(event)
  }
  if (address === contracts.rollup) {
    const event = rollupInterface.parseLog(log)
    if (event !== null) return await readRollupEvent(event, txHash, context)
  }
  if (address === contracts.rollupManager) {
    const event = rollupManagerInterface.parseLog(log)
    if (event !== null) {
      return Number(event.args['rollupID']) === rollupId ? await readManagerEvent(event, txHash, context) : undefined
    }
  }
  // The manager of the first network is what its contract of forks 1 to 6 became, at the same address.
  return Object.values(contracts).includes(address) ? await readPreEtrogLog(log, context) : undefined
}

function readInfoLeaf({ args }: LogDescription): L1Event {
  return {
    kind: 'l1InfoLeaf',
    mainnetExitRoot: Hash(args['mainnetExitRoot']),
    rollupExitRoot: Hash(args['rollupExitRoot']),
  }
}

async function readManagerEvent(
  { name, args }: LogDescription,
  txHash: Hash,
  { getTransaction, readForkId }: LogContext,
): Promise<L1Event | undefined> {
  const upgrade = (lastOfOld: unknown, forkId: number): L1Event => {
    return { kind: 'forkUpgrade', fromBatch: Number(lastOfOld) + 1, forkId, txHash }
  }
  const verified = () => ({
    ...{
      toBatch: Number(args['numBatch']),
      stateRoot: Hash(args['stateRoot']),
      exitRoot: Hash(args['exitRoot']),
      txHash,
    },
  })
  switch (name) {
    case 'CreateNewRollup':
      return upgrade(0, await readForkId(Number(args['rollupTypeID'])))
    case 'UpdateRollup':
      return upgrade(args['lastVerifiedBatchBeforeUpgrade'], await readForkId(Number(args['newRollupTypeID'])))
    case 'AddExistingRollup':
      return upgrade(args['lastVerifiedBatchBeforeUpgrade'], Number(args['forkID']))
    case 'RollbackBatches':
      return { kind: 'rollback', toBatch: Number(args['targetBatch']), txHash }
    case 'ConsolidatePendingState':
      return { kind: 'consolidation', ...verified(), sender: Address((await getTransaction(txHash)).from) }
    case 'VerifyBatches':
      return { kind: 'verification', ...verified(), aggregator: Address(args['aggregator']), trusted: false }
    case 'VerifyBatchesTrustedAggregator':
    case 'OverridePendingState': // by the trusted aggregator, in place of what others had verified
      return { kind: 'verification', ...verified(), aggregator: Address(args['aggregator']), trusted: true }
    default:
      return undefined
  }
}

async function readRollupEvent(
  { name, args }: LogDescription,
  txHash: Hash,
  context: LogContext,
): Promise<L1Event | undefined> {
  switch (name) {
    case 'UpdateEtrogSequence':
      return {
        kind: 'upgradeSequence',
        batchNumber: Number(args['numBatch']),
        batchL2Data: hexToBytes(args['transactions']),
        lastGlobalExitRoot: Hash(args['lastGlobalExitRoot']),
        sequencer: Address(args['sequencer']),
        txHash,
      }
    case 'InitialSequenceBatches':
      return {
        kind: 'initialSequence',
        batchL2Data: hexToBytes(args['transactions']),
        lastGlobalExitRoot: Hash(args['lastGlobalExitRoot']),
        sequencer: Address(args['sequencer']),
        txHash,
      }
    case 'SequenceBatches': {
      const { l1InfoRoot, numBatch } = args.toObject()
      return await readSequence({ l1InfoRoot: Hash(l1InfoRoot), toBatch: Number(numBatch), txHash }, context)
    }
    case 'SequenceForceBatches': {
      const { value, sender } = await findCall(txHash, FORCED_SEQUENCE_SELECTORS, decodeSequenceForceBatches, context)
      const toBatch = Number(args['numBatch'])
      return { kind: 'sequenceForceBatches', toBatch, batches: value, coinbase: sender, txHash }
    }
    case 'ForceBatch': {
      // Left out of the event when an account, not a contract, made the call.
      const inEvent = hexToBytes(args['transactions'])
      return {
        kind: 'forceBatch',
        forcedBatchNumber: Number(args['forceBatchNum']),
        batchL2Data: inEvent.length > 0 ? inEvent : decodeForceBatch((await context.getTransaction(txHash)).input),
        lastGlobalExitRoot: Hash(args['lastGlobalExitRoot']),
        sender: Address(args['sequencer']),
        txHash,
      }
    }
    default:
      return undefined
  }
}

async function readSequence(
  { toBatch, l1InfoRoot, txHash }: { toBatch: number; l1InfoRoot: Hash; txHash: Hash },
  context: LogContext,
): Promise<L1Event> {
  const decode = (calldata: Hex) => {
    if (VALIDIUM_SELECTORS.includes(calldata.slice(0, 10)))
      throw new L1EventUnsupportedError('The data of the batches is not on L1: a validium is not followed.', {
        facts: { txHash, toBatch },
      })
    const call = decodeSequenceBatches(calldata)
    const { initSequencedBatch, batches } = call
    if (initSequencedBatch === undefined || initSequencedBatch + batches.length === toBatch) return call
    throw new L1DataError('A sequence holds another number of batches than its event says.', {
      facts: { txHash, initSequencedBatch, batches: batches.length, toBatch },
    })
  }
  const { value, origin } = await findCall(txHash, [...SEQUENCE_SELECTORS, ...VALIDIUM_SELECTORS], decode, context)
  const { batches, coinbase, maxSequenceTimestamp } = value
  const timestampLimit = maxSequenceTimestamp ?? context.block.timestamp
  return { kind: 'sequence', toBatch, batches, l1InfoRoot, timestampLimit, coinbase, sequencer: origin, txHash }
}

/** `sender` is msg.sender of the call as far as it is known, `origin` the account that sent the transaction. */
type FoundCall<T> = { value: T; sender: Address; origin: Address }

/**
 * The call behind an event of the rollup. In a transaction to another contract it is looked for in the traces, and where
 * the endpoint has none in the transaction's input. The n-th event of a transaction belongs to its n-th call.
 * @throws {L1DataError} when there is none, or it cannot be decoded
 */
async function findCall<T>(
  txHash: Hash,
  selectors: readonly string[],
  decode: (calldata: Hex) => T,
  { contracts: { rollup }, getTransaction, traceCalls, ordinal = 0 }: LogContext,
): Promise<FoundCall<T>> {
  const { from, to, input } = await getTransaction(txHash)
  const origin = Address(from)
  const isDirect = to !== null && Address(to) === rollup
  if (isDirect || to === null) return { value: decode(input), sender: origin, origin }
  const traced = (await traceCalls?.(txHash))?.filter(({ input }) => selectors.includes(input.slice(0, 10)))
  if (traced !== undefined) {
    const call = traced[ordinal]
    if (call === undefined) throw missingCall(txHash, { traced: traced.length, ordinal })
    return { value: decode(call.input), sender: call.sender, origin }
  }
  const values: T[] = []
  for (const calldata of scanForCalls(input, selectors))
    try {
      values.push(decode(calldata))
    } catch (error) {
      if (!(error instanceof L1DataError)) throw error // else: bytes that look like the selector
    }
  // Fewer than before it: those that belong to other events of the transaction were refused.
  const value = values[Math.min(ordinal, values.length - 1)]
  if (value === undefined) throw missingCall(txHash, { found: values.length, ordinal })
  return { value, sender: Address(to), origin }
}

function missingCall(txHash: Hash, facts: Record<string, number>): L1DataError {
  return new L1DataError('The call behind an event of the rollup is not found.', { facts: { txHash, ...facts } })
}
