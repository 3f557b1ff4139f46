import { NodeError } from '#common/errors.ts'
import { counterLimits, type ZkCounters } from './counters.ts'

export class UnsupportedForkError extends NodeError {
  override readonly name = 'UnsupportedForkError'
}

/** Precompiled contracts by their address. */
export type PrecompileAddress = 0x01 | 0x02 | 0x03 | 0x04 | 0x05 | 0x06 | 0x07 | 0x08 | 0x09 | 0x100

/** Everything that changes from fork to fork of the zkEVM, as data. Source: zkEVM ROM of each fork's tag. */
export type ForkRules = {
  forkId: number
  name: string
  /** Batches hold L2 blocks opened by changeL2Block, and the L1 info tree; before, each transaction is a block. */
  changeL2Block: boolean
  /** A transaction in a batch ends with the share of its gas price that is charged; before, all of it is. */
  effectivePercentage: boolean
  /** GASLIMIT opcode and block info tree. */
  blockGasLimit: bigint
  /** Calling another address of the precompile range reverts. */
  precompiles: ReadonlySet<number>
  /** A changeL2Block that names a leaf without exit root, block hash and time makes the batch invalid. */
  refusesEmptyInfoLeaf: boolean
  /** A transaction may start with the header 0xc0; its missing fields make the batch invalid all the same. */
  readsEmptyListHeader: boolean
  /** A transaction straight to a precompile that is not enabled keeps status 1 in its receipt. */
  disabledPrecompileKeepsStatus: boolean
  /** LOG charges its gas only after the bytes are read. */
  logGasAfterData: boolean
  /** PUSH whose data passes the end of the code is padded with zeros as in Ethereum. */
  pushPastCodeEndIsPadded: boolean
  /** The address of a contract stays warm when its deployment fails. */
  failedDeployStaysWarm: boolean
  /** PUSH0, EIP-3855. */
  push0: boolean
  /** Receipts of the JSON-RPC hold the state root after the transaction in place of a status. */
  receiptsHoldPostState: boolean
  /** Most of each counter one batch may use; undefined where this project knows no figures. */
  counterBudget: ZkCounters | undefined
  /** Shape of the L1 call that sequences batches, and of what it hashes. */
  sequenceBatches: 'preEtrog' | 'etrog' | 'elderberry' | 'banana'
}

const PRE_ETROG_PRECOMPILES: readonly PrecompileAddress[] = [0x01, 0x04]
const ETROG_PRECOMPILES: readonly PrecompileAddress[] = [0x01, 0x02, 0x04, 0x05, 0x06, 0x07, 0x08]
const ELDERBERRY_PRECOMPILES: readonly PrecompileAddress[] = [0x01, 0x02, 0x04, 0x06, 0x07, 0x08]

const blueberry: ForkRules = {
  forkId: 4,
  name: 'blueberry',
  changeL2Block: false,
  effectivePercentage: false,
  blockGasLimit: 30_000_000n,
  precompiles: new Set(PRE_ETROG_PRECOMPILES),
  refusesEmptyInfoLeaf: false,
  readsEmptyListHeader: true,
  disabledPrecompileKeepsStatus: true,
  logGasAfterData: true,
  pushPastCodeEndIsPadded: false,
  failedDeployStaysWarm: false,
  push0: false,
  receiptsHoldPostState: true,
  counterBudget: undefined,
  sequenceBatches: 'preEtrog',
}
const dragonfruit: ForkRules = { ...blueberry, forkId: 5, name: 'dragonfruit', effectivePercentage: true, push0: true }
const incaberry: ForkRules = { ...dragonfruit, forkId: 6, name: 'incaberry' }
const etrog: ForkRules = {
  ...incaberry,
  forkId: 7,
  name: 'etrog',
  changeL2Block: true,
  blockGasLimit: 2n ** 64n - 1n,
  precompiles: new Set(ETROG_PRECOMPILES),
  counterBudget: counterLimits(2 ** 23, 20),
  sequenceBatches: 'etrog',
}
const elderberry: ForkRules = {
  ...etrog,
  forkId: 8,
  name: 'elderberry',
  blockGasLimit: 2n ** 50n,
  precompiles: new Set(ELDERBERRY_PRECOMPILES),
  readsEmptyListHeader: false,
  disabledPrecompileKeepsStatus: false,
  logGasAfterData: false,
  receiptsHoldPostState: false,
  sequenceBatches: 'elderberry',
}
const elderberry2: ForkRules = { ...elderberry, forkId: 9, name: 'elderberry 2', refusesEmptyInfoLeaf: true }
const fork10: ForkRules = {
  ...elderberry2,
  forkId: 10,
  name: 'elderberry 2, larger circuits',
  counterBudget: counterLimits(2 ** 24, 40),
  pushPastCodeEndIsPadded: true,
  failedDeployStaysWarm: true,
}
const fork11: ForkRules = { ...fork10, forkId: 11, counterBudget: counterLimits(2 ** 25, 80) }
const banana: ForkRules = { ...fork11, forkId: 12, name: 'banana', sequenceBatches: 'banana' }
const durian: ForkRules = {
  ...banana,
  forkId: 13,
  name: 'durian',
  precompiles: new Set([...ETROG_PRECOMPILES, 0x100]),
}

const RULES = new Map(
  [blueberry, dragonfruit, incaberry, etrog, elderberry, elderberry2, fork10, fork11, banana, durian].map((rules) => [
    rules.forkId,
    rules,
  ]),
)

/** Fork ids with rules, ascending. */
export const SUPPORTED_FORK_IDS: readonly number[] = [...RULES.keys()]

/** @throws {UnsupportedForkError} */
export function getForkRules(forkId: number): ForkRules {
  const rules = RULES.get(forkId)
  if (rules === undefined) throw new UnsupportedForkError('This node has no rules for the fork.', { facts: { forkId } })
  return rules
}
