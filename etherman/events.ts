import type { Interface, LogDescription } from 'ethers'
import { hexToBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import { Address, Hash, type Hex, InvalidValueError } from '#protocol/primitives.ts'
import { L1DataError, L1EventUnsupportedError } from './errors.ts'
import { globalExitRootInterface, rollupInterface, rollupManagerInterface } from './interfaces.ts'
import { decodeForceBatch, decodeSequenceBatches, decodeSequenceForceBatches } from './sequenceCalldata.ts'
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

/** What is needed to read one log: the block it is in, and the transaction, which is asked for when its calldata counts. */
export type LogContext = {
  contracts: L1Contracts
  rollupId: number
  block: L1Block
  getTransaction: (hash: Hash) => Promise<RpcTransaction>
}

const OF_ROLLUP = ['SequenceBatches', 'SequenceForceBatches', 'ForceBatch', 'InitialSequenceBatches']
const OF_MANAGER = ['VerifyBatchesTrustedAggregator', 'VerifyBatches', 'ConsolidatePendingState']
/** They change batches in ways that are not implemented: better to stop there than to follow another chain. */
const UNSUPPORTED_OF_ROLLUP = ['UpdateEtrogSequence']
const UNSUPPORTED_OF_MANAGER = ['RollbackBatches', 'OverridePendingState']

const topicsOf = (abi: Interface, names: readonly string[]) => names.map((name) => abi.getEvent(name)!.topicHash)

/** First topics of all events that are read: the filter for eth_getLogs. */
export const EVENT_TOPICS: readonly string[] = [
  ...topicsOf(globalExitRootInterface, ['UpdateL1InfoTree']),
  ...topicsOf(rollupInterface, [...OF_ROLLUP, ...UNSUPPORTED_OF_ROLLUP]),
  ...topicsOf(rollupManagerInterface, [...OF_MANAGER, ...UNSUPPORTED_OF_MANAGER]),
]

/**
 * An event in our words; undefined for logs that do not concern this rollup.
 * @throws {L1DataError} for a log that cannot be read and for calldata of unknown form, {L1EventUnsupportedError}
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
  if (address === contracts.globalExitRoot) {
    const event = globalExitRootInterface.parseLog(log)
    return event?.name === 'UpdateL1InfoTree' ? readInfoLeaf(event) : undefined
  }
  if (address === contracts.rollup) {
    const event = rollupInterface.parseLog(log)
    return event === null ? undefined : await readRollupEvent(event, Hash(log.transactionHash), context)
  }
  if (address === contracts.rollupManager) {
    const event = rollupManagerInterface.parseLog(log)
    if (event === null || Number(event.args['rollupID']) !== rollupId) return undefined
    return await readManagerEvent(event, Hash(log.transactionHash), context)
  }
  return undefined
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
  { getTransaction }: LogContext,
): Promise<L1Event | undefined> {
  if (UNSUPPORTED_OF_MANAGER.includes(name)) throw unsupported(name, txHash)
  if (!OF_MANAGER.includes(name)) return undefined
  const verified = {
    toBatch: Number(args['numBatch']),
    stateRoot: Hash(args['stateRoot']),
    exitRoot: Hash(args['exitRoot']),
    txHash,
  }
  if (name === 'ConsolidatePendingState')
    return { kind: 'consolidation', ...verified, sender: Address((await getTransaction(txHash)).from) }
  const trusted = name === 'VerifyBatchesTrustedAggregator'
  return { kind: 'verification', ...verified, aggregator: Address(args['aggregator']), trusted }
}

async function readRollupEvent(
  { name, args }: LogDescription,
  txHash: Hash,
  context: LogContext,
): Promise<L1Event | undefined> {
  if (UNSUPPORTED_OF_ROLLUP.includes(name)) throw unsupported(name, txHash)
  switch (name) {
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
      const { input, from } = await context.getTransaction(txHash)
      const batches = decodeSequenceForceBatches(input)
      return {
        kind: 'sequenceForceBatches',
        toBatch: Number(args['numBatch']),
        batches,
        coinbase: Address(from),
        txHash,
      }
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
  { block, getTransaction }: LogContext,
): Promise<L1Event> {
  const { from, input } = await getTransaction(txHash)
  const { batches, coinbase, maxSequenceTimestamp, initSequencedBatch } = decodeSequenceBatches(input)
  if (initSequencedBatch !== undefined && initSequencedBatch + batches.length !== toBatch)
    throw new L1DataError('A sequence holds another number of batches than its event says.', {
      facts: { txHash, initSequencedBatch, batches: batches.length, toBatch },
    })
  return {
    kind: 'sequence',
    toBatch,
    batches,
    l1InfoRoot,
    timestampLimit: maxSequenceTimestamp ?? block.timestamp,
    coinbase,
    sequencer: Address(from),
    txHash,
  }
}

function unsupported(event: string, txHash: Hash): L1EventUnsupportedError {
  return new L1EventUnsupportedError('L1 has an event that this node cannot follow.', { facts: { event, txHash } })
}
