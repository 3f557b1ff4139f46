import { NodeError } from '#common/errors.ts'
import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import type { NodeStore } from '#merkletree/nodeStore.ts'
import { updateTree } from '#merkletree/tree.ts'
import { FULL_PRICE_PERCENTAGE } from '#protocol/effectiveGasPrice.ts'
import { getForkRules } from '#protocol/forks.ts'
import { intrinsicGas } from '#protocol/intrinsicGas.ts'
import { type Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import {
  BLOCK_INFO_ROOT_SLOT,
  blockHashSlot,
  LAST_BLOCK_NUMBER_SLOT,
  LAST_TIMESTAMP_SLOT,
  SYSTEM_CONTRACT,
} from '#protocol/systemContract.ts'
import { encodeL2HashPreimage, type Transaction } from '#protocol/transaction.ts'
import { blockInfoRoot, gasUsedLeaf, headerLeaves, receiptLeaves } from './blockInfoTree.ts'
import type { BlockContext, Log } from './evm/interpreter.ts'
import type { Pace } from './evm/pace.ts'
import type { PrecompileLookup } from './evm/precompiles/precompiles.ts'
import { TRANSACTION_GAS_LIMIT } from './intrinsic.ts'
import { OverlayNodeStore } from './overlayNodeStore.ts'
import { simulateOn } from './simulate.ts'
import { overridePrecompiles, type StateOverrides, writeOverrides } from './stateOverrides.ts'
import type { StateReader } from './stateReader.ts'
import { TransferLogs } from './transferLogs.ts'
import { hashToWord } from './words.ts'
import { WorldState } from './worldState.ts'

/** A call of a simulated block. Gas and nonce may be left to the block. */
export type PlannedCall = {
  from: Address
  to: Address | undefined
  gas: number | undefined
  nonce: bigint | undefined
  gasPrice: bigint
  value: bigint
  data: Uint8Array
}

export type PlannedBlock = { context: BlockContext; overrides: StateOverrides; calls: readonly PlannedCall[] }

export type SimulatedTransaction = {
  /** As it would be signed. */
  transaction: Transaction
  sender: Address
  success: boolean
  error: string | undefined
  returnData: Uint8Array
  gasUsed: number
  gasSpent: number
  cumulativeGasUsed: number
  logs: readonly Log[]
  /** Logs with movements of ether among them. */
  shownLogs: readonly Log[]
}

export type SimulatedBlock = { context: BlockContext; stateRoot: Hash; transactions: SimulatedTransaction[] }

export type SimulateBlocksOptions = {
  reader: StateReader
  /** Must hold the tree of `stateRoot`. */
  store: NodeStore
  stateRoot: Hash
  forkId: number
  /** Whether nonces and gas limits must be those a transaction may have. */
  validates: boolean
  tracesTransfers: boolean
  /** All calls together get this much gas. */
  gasCap: number
  pace: Pace
}

export type CallRefusal =
  | 'nonce too low'
  | 'nonce too high'
  | 'intrinsic gas too low'
  | 'insufficient funds for gas * price + value'
  | 'block gas limit reached'
  | 'client limit exceeded'

/** A call cannot stand in its block. Nothing is simulated then. */
export class CallRefusedError extends NodeError {
  override readonly name = 'CallRefusedError'
  readonly refusal: CallRefusal

  constructor(refusal: CallRefusal, detail: string) {
    super(`${refusal}: ${detail}`)
    this.refusal = refusal
  }
}

/**
 * Makes blocks out of calls, one on the other, on a state that may be pretended before each: roots are those the blocks
 * would have, but that storage which an override wiped unseen stays in the tree. @throws {CallRefusedError}
 */
export async function simulateBlocks(
  plan: readonly PlannedBlock[],
  options: SimulateBlocksOptions,
): Promise<SimulatedBlock[]> {
  const wiped = new Set<Address>()
  const simulation: Simulation = {
    ...options,
    world: new WorldState(wipe(options.reader, wiped), { maxEntries: Number.POSITIVE_INFINITY }),
    wiped,
    store: new OverlayNodeStore(options.store),
    gasLeft: options.gasCap,
    precompiles: undefined,
  }
  const blocks: SimulatedBlock[] = []
  for (const planned of plan) blocks.push(await simulateBlock(planned, simulation))
  return blocks
}

type Simulation = Omit<SimulateBlocksOptions, 'store'> & {
  world: WorldState
  wiped: Set<Address>
  store: OverlayNodeStore
  gasLeft: number
  precompiles: PrecompileLookup | undefined
}

async function simulateBlock(planned: PlannedBlock, simulation: Simulation): Promise<SimulatedBlock> {
  const { world, wiped, stateRoot: parentRoot, store } = simulation
  const { context, overrides, calls } = planned
  world.beginBlock()
  await writeOverrides(world, overrides, wiped)
  if (overrides.size > 0)
    simulation.precompiles = overridePrecompiles(overrides, getForkRules(simulation.forkId), simulation.precompiles)
  await writeSystem(world, [
    [hashToWord(blockHashSlot(context.number - 1)), hashToWord(parentRoot)],
    [hashToWord(LAST_BLOCK_NUMBER_SLOT), BigInt(context.number)],
    [hashToWord(LAST_TIMESTAMP_SLOT), BigInt(context.timestamp)],
  ])
  const transactions: SimulatedTransaction[] = []
  for (const call of calls) transactions.push(await runCall(call, context, transactions.at(-1), simulation))
  const info = await infoRoot(context, parentRoot, transactions)
  await writeSystem(world, [[hashToWord(BLOCK_INFO_ROOT_SLOT), hashToWord(info)]])
  const { root, newNodes } = await updateTree(store, parentRoot, world.changes().treeChanges)
  world.commitBlock()
  store.add(newNodes)
  simulation.stateRoot = root
  return { context, stateRoot: root, transactions }
}

async function runCall(
  call: PlannedCall,
  block: BlockContext,
  before: SimulatedTransaction | undefined,
  simulation: Simulation,
): Promise<SimulatedTransaction> {
  const { world, forkId, validates, tracesTransfers, pace, precompiles } = simulation
  const { from, to, data, value, gasPrice } = call
  await world.prefetchAccounts([from])
  const sender = world.account(from)
  if (validates) requireNonce(call, sender.nonce)
  const used = before?.cumulativeGasUsed ?? 0
  const gas = Math.min(gasOf(call, Number(block.gasLimit) - used, validates), simulation.gasLeft)
  if (gas === simulation.gasLeft && gas < intrinsicGas(data, to === undefined))
    throw new CallRefusedError('client limit exceeded', `all calls together get ${simulation.gasCap} gas`)
  const nonce = call.nonce ?? sender.nonce
  const tracer = new TransferLogs()
  const simulated = { from, to, data, value, gasPrice, gas }
  const result = await simulateOn(world, simulated, { forkId, block, pace, precompiles, tracer })
  if (result.kind === 'refused') {
    const { error, balance, cost } = result
    if (error === 'INTRINSIC_INVALID_GAS_LIMIT')
      throw new CallRefusedError('intrinsic gas too low', `have ${gas}, want ${result.intrinsicGas}`)
    const detail = `address ${from} have ${balance} want ${cost}`
    throw new CallRefusedError('insufficient funds for gas * price + value', detail)
  }
  simulation.gasLeft -= result.gasUsed
  const { success, error, returnData, gasUsed, gasSpent } = result
  const logs = success ? result.logs : []
  return {
    transaction: {
      ...{ nonce, gasPrice, gasLimit: BigInt(gas), to, value, data },
      ...{ chainId: BigInt(block.chainId), r: 0n, s: 0n, v: 27 },
    },
    sender: from,
    ...{ success, error, returnData, gasUsed, gasSpent, cumulativeGasUsed: used + gasUsed, logs },
    shownLogs: tracesTransfers ? tracer.logs : logs,
  }
}

function requireNonce({ nonce, from }: PlannedCall, expected: bigint): void {
  if (nonce === undefined || nonce === expected) return
  const refusal = nonce < expected ? 'nonce too low' : 'nonce too high'
  throw new CallRefusedError(refusal, `address ${from}, tx: ${nonce} state: ${expected}`)
}

/** What is left of the block, unless the call names less. */
function gasOf({ gas, data, to }: PlannedCall, left: number, validates: boolean): number {
  const most = validates ? Math.min(left, Number(TRANSACTION_GAS_LIMIT)) : left
  if (gas !== undefined && gas > most)
    throw new CallRefusedError('block gas limit reached', `remaining: ${most}, required: ${gas}`)
  const intrinsic = intrinsicGas(data, to === undefined)
  if (gas === undefined && most < intrinsic)
    throw new CallRefusedError('block gas limit reached', `remaining: ${most}, required: ${intrinsic}`)
  return gas ?? most
}

async function infoRoot(
  context: BlockContext,
  parentHash: Hash,
  transactions: readonly SimulatedTransaction[],
): Promise<Hash> {
  let logIndex = 0
  const receipts = transactions.map(({ transaction, sender, success, cumulativeGasUsed, logs }) => ({
    l2TxHash: linearPoseidon(encodeL2HashPreimage(transaction, sender)),
    status: success ? (1 as const) : (0 as const),
    cumulativeGasUsed,
    effectivePercentage: FULL_PRICE_PERCENTAGE,
    logs: logs.map((log) => ({ ...log, logIndex: logIndex++ })),
  }))
  return await blockInfoRoot([
    ...headerLeaves({ ...context, parentHash, globalExitRoot: ZERO_HASH, l1BlockHash: ZERO_HASH }),
    ...receipts.flatMap(receiptLeaves),
    gasUsedLeaf(transactions.at(-1)?.cumulativeGasUsed ?? 0),
  ])
}

async function writeSystem(world: WorldState, values: readonly (readonly [slot: bigint, value: bigint])[]) {
  await world.prefetchSlots(values.map(([slot]) => ({ address: SYSTEM_CONTRACT, slot })))
  const system = world.account(SYSTEM_CONTRACT)
  for (const [slot, value] of values) world.setStorage(world.slot(system, slot), value)
}

function wipe(reader: StateReader, wiped: ReadonlySet<Address>): StateReader {
  return {
    ...reader,
    getStorage: async (slots) => {
      const values = await reader.getStorage(slots)
      return values.map((value, index) => (wiped.has(slots[index]!.address) ? 0n : value))
    },
  }
}
