import type { Address, Hash, Hex } from '#protocol/primitives.ts'

/** Answers of methods, as far as pages show them. */
export type SyncStatus = {
  role: string
  synced: boolean
  l1Head: Hex
  l1Processed: Hex
  trustedBatch: Hex
  virtualBatch: Hex
  verifiedBatch: Hex
  latestBlock: Hex
  halted: boolean
  haltReason: string | null
}

export type BatchStatus = {
  batchNumber: Hex
  state: string
  /** Seconds. */
  since: Hex
  blocks: Hex
  transactions: Hex
  forced: boolean
  attempts: number
  lastError: string | null
  sendSequencesTxHash: Hash | null
  verifyBatchTxHash: Hash | null
  workflowId: string | null
}

export type Batch = {
  number: Hex
  coinbase: Address
  stateRoot: Hash
  globalExitRoot: Hash
  localExitRoot: Hash
  accInputHash: Hash
  timestamp: Hex
  blocks: Hash[]
  transactions: Hash[]
  forcedBatchNumber?: Hex
}

export type Header = {
  number: Hex
  hash: Hash
  parentHash: Hash
  miner: Address
  stateRoot: Hash
  gasLimit: Hex
  gasUsed: Hex
  timestamp: Hex
}
export type BlockDetails = { block: Header & { transactionCount: number }; totalFees: Hex }
export type BlockPage = { fullblock: Header & { transactions: Transaction[] }; receipts: Receipt[] }

export type Transaction = {
  hash: Hash
  from: Address
  to: Address | null
  value: Hex
  nonce: Hex
  gas: Hex
  gasPrice: Hex
  input: Hex
  blockNumber: Hex | null
}

export type Log = { address: Address; topics: Hash[]; data: Hex; logIndex: Hex }

export type Receipt = {
  transactionHash: Hash
  blockNumber: Hex
  transactionIndex: Hex
  status: Hex
  gasUsed: Hex
  effectiveGasPrice: Hex
  contractAddress: Address | null
  logs: Log[]
}

export type AddressPage = { txs: Transaction[]; receipts: (Receipt & { timestamp: number })[]; lastPage: boolean }
