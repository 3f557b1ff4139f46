import { sql } from 'drizzle-orm'
import {
  bigint,
  bigserial,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgSchema,
  primaryKey,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { Address, BlockNumber, Hash, Hex } from '#protocol/primitives.ts'
import type { ProofKind } from '#prover/proofStore.ts'
import type { ProverKind } from '#prover/types.ts'
import { batchNumber, blockNumber, hexBytes, rawBytes, safeInteger, uint256 } from './columns.ts'

/** The Pool DB: transactions that wait. */
export const pool = pgSchema('pool')
/** The State DB: everything this node knows of L1 and L2, but not the Merkle tree. */
export const state = pgSchema('state')
/** Nodes of the state tree, addressed by hash. */
export const tree = pgSchema('tree')

const now = (name: string) => timestamp(name, { withTimezone: true }).notNull().defaultNow()
const moment = (name: string) => timestamp(name, { withTimezone: true })

// ---------------------------------------------------------------------------------------------------------------- L2

/** What network this database holds; one row. A node of another network refuses to start on it. */
export const chain = state.table(
  'chain',
  {
    id: integer('id').primaryKey(), // always 1
    chainId: safeInteger('chain_id').notNull(),
    l1ChainId: safeInteger('l1_chain_id').notNull(),
    rollupManager: hexBytes<Address>('rollup_manager').notNull(),
    rollupId: integer('rollup_id').notNull(),
    genesisRoot: hexBytes<Hash>('genesis_root').notNull(),
    createdAt: now('created_at'),
  },
  (table) => [check('chain_one_row', sql`${table.id} = 1`)],
)

export type BatchKind = 'genesis' | 'injected' | 'forced' | 'trusted' | 'synced'

/** One row per batch this node knows, the open one included. */
export const batches = state.table(
  'batches',
  {
    batchNumber: batchNumber('batch_number').primaryKey(),
    kind: text('kind').$type<BatchKind>().notNull(),
    forkId: integer('fork_id').notNull(),
    coinbase: hexBytes<Address>('coinbase').notNull(),
    openedAt: now('opened_at'),
    closedAt: moment('closed_at'), // null while open
    closingReason: text('closing_reason'), // null while open
    checkedAt: moment('checked_at'), // set when a full re-execution gave the same roots; needed before sequencing
    /** Null while open: an open batch's data is the concatenation of its blocks'. */
    batchL2Data: rawBytes('batch_l2_data'),
    stateRoot: hexBytes<Hash>('state_root'), // after the last block; null while open
    localExitRoot: hexBytes<Hash>('local_exit_root'),
    /** Timestamp limit to sequence with: that of the last block, seconds. */
    lastTimestamp: safeInteger('last_timestamp'),
    blockCount: integer('block_count').notNull().default(0),
    txCount: integer('tx_count').notNull().default(0),
    counters: jsonb('counters').$type<Record<string, number>>(),
    forcedBatchNumber: safeInteger('forced_batch_number'),
    /** Why the batch changes nothing, when its data is invalid by the ROM's rules. */
    invalidReason: text('invalid_reason'),
  },
  (table) => [
    check(
      'batches_closed_is_complete',
      sql`${table.closedAt} is null or (${table.closingReason} is not null and ${table.batchL2Data} is not null and ${table.stateRoot} is not null)`,
    ),
    index('batches_forced').on(table.forcedBatchNumber).where(sql`${table.forcedBatchNumber} is not null`),
    uniqueIndex('batches_one_open').on(sql`(${table.closedAt} is null)`).where(sql`${table.closedAt} is null`),
  ],
)

export const l2Blocks = state.table(
  'l2_blocks',
  {
    blockNumber: blockNumber('block_number').primaryKey(),
    batchNumber: batchNumber('batch_number')
      .notNull()
      .references(() => batches.batchNumber),
    /** keccak of the geth header (JSON-RPC hash), not the protocol block hash, which is stateRoot. */
    hash: hexBytes<Hash>('hash').notNull(),
    parentHash: hexBytes<Hash>('parent_hash').notNull(),
    stateRoot: hexBytes<Hash>('state_root').notNull(),
    blockInfoRoot: hexBytes<Hash>('block_info_root').notNull(),
    coinbase: hexBytes<Address>('coinbase').notNull(),
    timestamp: safeInteger('timestamp').notNull(), // seconds
    deltaTimestamp: safeInteger('delta_timestamp').notNull(),
    l1InfoIndex: integer('l1_info_index').notNull(), // as in changeL2Block, 0 for none
    globalExitRoot: hexBytes<Hash>('global_exit_root').notNull(),
    l1BlockHash: hexBytes<Hash>('l1_block_hash').notNull(),
    gasLimit: uint256('gas_limit').notNull(),
    gasUsed: safeInteger('gas_used').notNull(),
    transactionsRoot: hexBytes<Hash>('transactions_root').notNull(),
    receiptsRoot: hexBytes<Hash>('receipts_root').notNull(),
    logsBloom: rawBytes('logs_bloom'), // null when no log
    txCount: integer('tx_count').notNull(),
    sizeBytes: integer('size_bytes').notNull(), // of the RLP block
    /** Level of the deepest leaf of the state tree that this block or one before it met; 0 where that was not noted. */
    treeDepth: integer('tree_depth').notNull().default(0),
    /** Marker and transactions as they stand in batchL2Data; empty for forced batches. */
    batchL2Data: rawBytes('batch_l2_data').notNull(),
    createdAt: now('created_at'),
  },
  (table) => [
    uniqueIndex('l2_blocks_hash').on(table.hash),
    index('l2_blocks_batch').on(table.batchNumber),
    index('l2_blocks_info_index').on(table.l1InfoIndex).where(sql`${table.l1InfoIndex} > 0`),
  ],
)

/** Mined transactions with their receipts. */
export const transactions = state.table(
  'transactions',
  {
    hash: hexBytes<Hash>('hash').primaryKey(),
    blockNumber: blockNumber('block_number')
      .notNull()
      .references(() => l2Blocks.blockNumber, { onDelete: 'cascade' }),
    txIndex: integer('tx_index').notNull(),
    sender: hexBytes<Address>('sender').notNull(),
    recipient: hexBytes<Address>('recipient'), // null for a deployment
    nonce: safeInteger('nonce').notNull(),
    raw: rawBytes('raw').notNull(), // Ethereum encoding
    l2Hash: hexBytes<Hash>('l2_hash').notNull(),
    effectivePercentage: integer('effective_percentage').notNull(),
    effectiveGasPrice: uint256('effective_gas_price').notNull(),
    status: integer('status').notNull(), // 1 or 0
    gasUsed: safeInteger('gas_used').notNull(),
    cumulativeGasUsed: safeInteger('cumulative_gas_used').notNull(),
    contractAddress: hexBytes<Address>('contract_address'),
    counters: jsonb('counters').$type<Record<string, number>>(),
  },
  (table) => [
    uniqueIndex('transactions_position').on(table.blockNumber, table.txIndex),
    index('transactions_sender_nonce').on(table.sender, table.nonce),
    index('transactions_recipient').on(table.recipient, table.blockNumber),
    index('transactions_contract').on(table.contractAddress).where(sql`${table.contractAddress} is not null`),
    index('transactions_l2_hash').on(table.l2Hash),
  ],
)

const logColumns = () => ({
  logIndex: integer('log_index').notNull(), // runs through the block
  txIndex: integer('tx_index').notNull(),
  txHash: hexBytes<Hash>('tx_hash').notNull(),
  address: hexBytes<Address>('address').notNull(),
  topic0: hexBytes<Hash>('topic0'),
  topic1: hexBytes<Hash>('topic1'),
  topic2: hexBytes<Hash>('topic2'),
  topic3: hexBytes<Hash>('topic3'),
  data: rawBytes('data').notNull(),
})

export const logs = state.table(
  'logs',
  {
    blockNumber: blockNumber('block_number')
      .notNull()
      .references(() => l2Blocks.blockNumber, { onDelete: 'cascade' }),
    ...logColumns(),
  },
  (table) => [
    primaryKey({ columns: [table.blockNumber, table.logIndex] }),
    index('logs_address').on(table.address, table.blockNumber),
    index('logs_topic0').on(table.topic0, table.blockNumber),
  ],
)

/**
 * State by version: a row is what holds from its block on, until a later row of the same key. The head is the newest
 * row, any block's state the newest row not above it, and undoing L2 blocks is deleting the rows above.
 */
export const accounts = state.table(
  'accounts',
  {
    address: hexBytes<Address>('address').notNull(),
    blockNumber: blockNumber('block_number').notNull(),
    nonce: safeInteger('nonce').notNull(),
    balance: uint256('balance').notNull(),
    codeHash: hexBytes<Hash>('code_hash'), // linear Poseidon; null without code
    codeSize: integer('code_size').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.address, table.blockNumber] }),
    index('accounts_block').on(table.blockNumber),
  ],
)

export const storage = state.table(
  'storage',
  {
    address: hexBytes<Address>('address').notNull(),
    slot: hexBytes<Hash>('slot').notNull(),
    blockNumber: blockNumber('block_number').notNull(),
    value: hexBytes<Hash>('value').notNull(), // zero when cleared
  },
  (table) => [
    primaryKey({ columns: [table.address, table.slot, table.blockNumber] }),
    index('storage_block').on(table.blockNumber),
  ],
)

/** L2 blocks that were taken back, for those who had heard of them; kept for an hour. */
export const removedBlocks = state.table(
  'removed_blocks',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    blockNumber: blockNumber('block_number').notNull(),
    /** A block with this hash may have come back since. */
    hash: hexBytes<Hash>('hash').notNull(),
    timestamp: safeInteger('timestamp').notNull(),
    removedAt: now('removed_at'),
  },
  (table) => [index('removed_blocks_hash').on(table.hash), index('removed_blocks_removed').on(table.removedAt)],
)

/** Logs of removed blocks. */
export const removedLogs = state.table(
  'removed_logs',
  {
    removal: safeInteger('removal')
      .notNull()
      .references(() => removedBlocks.id, { onDelete: 'cascade' }),
    ...logColumns(),
  },
  (table) => [primaryKey({ columns: [table.removal, table.logIndex] })],
)

export const codes = state.table('codes', {
  codeHash: hexBytes<Hash>('code_hash').primaryKey(), // linear Poseidon
  code: rawBytes('code').notNull(),
})

export const treeNodes = tree.table('nodes', {
  hash: hexBytes<Hash>('hash').primaryKey(),
  data: rawBytes('data').notNull(),
  /** The newest block that made it: a block after which state goes back to what it was makes nodes again. */
  blockNumber: blockNumber('block_number').notNull(),
})

/** How much history is there; one row, none while all of it is. */
export const pruning = state.table(
  'pruning',
  {
    id: integer('id').primaryKey(), // always 1
    /** What is older is not shown any more, whether it is there or not. The block is the first one of the batch. */
    oldestBatch: batchNumber('oldest_batch').notNull(),
    oldestBlock: blockNumber('oldest_block').notNull(),
    /** Batches before this one are removed. */
    removedBatches: batchNumber('removed_batches').notNull(),
    /** Tree nodes that are older than the note of who made them count as made by this block. */
    nodesKnownFrom: blockNumber('nodes_known_from')
      .notNull()
      .default(0 as BlockNumber),
    updatedAt: now('updated_at'),
  },
  (table) => [
    check('pruning_one_row', sql`${table.id} = 1`),
    check('pruning_in_order', sql`${table.removedBatches} <= ${table.oldestBatch}`),
  ],
)

/** First eight bytes of the hashes of removed transactions: whoever asks for one is told that it was there. */
export const prunedTransactions = state.table('pruned_transactions', {
  prefix: bigint('prefix', { mode: 'bigint' }).primaryKey(),
})

// ---------------------------------------------------------------------------------------------------------------- L1

/** L1 blocks that hold something for us, and the last one read. What an L1 block brought goes with its row. */
export const l1Blocks = state.table('l1_blocks', {
  blockNumber: safeInteger('block_number').primaryKey(),
  hash: hexBytes<Hash>('hash').notNull(),
  parentHash: hexBytes<Hash>('parent_hash').notNull(),
  timestamp: safeInteger('timestamp').notNull(), // seconds
  /** False for a block that is only remembered as the last one read; the next one read replaces it. */
  hasEvents: boolean('has_events').notNull(),
})

const l1Block = () =>
  safeInteger('l1_block_number')
    .notNull()
    .references(() => l1Blocks.blockNumber, { onDelete: 'cascade' })

export const l1InfoLeaves = state.table(
  'l1_info_leaves',
  {
    leafIndex: integer('leaf_index').primaryKey(),
    l1BlockNumber: l1Block(),
    mainnetExitRoot: hexBytes<Hash>('mainnet_exit_root').notNull(),
    rollupExitRoot: hexBytes<Hash>('rollup_exit_root').notNull(),
    globalExitRoot: hexBytes<Hash>('global_exit_root').notNull(),
    blockHashL1: hexBytes<Hash>('block_hash_l1').notNull(), // parent hash of the L1 block
    timestamp: safeInteger('timestamp').notNull(),
    leafHash: hexBytes<Hash>('leaf_hash').notNull(),
    l1InfoRoot: hexBytes<Hash>('l1_info_root').notNull(), // with this leaf
  },
  (table) => [index('l1_info_leaves_exit_root').on(table.globalExitRoot)],
)

export const forcedBatches = state.table('forced_batches', {
  forcedBatchNumber: safeInteger('forced_batch_number').primaryKey(),
  l1BlockNumber: l1Block(),
  l1TxHash: hexBytes<Hash>('l1_tx_hash').notNull(),
  sender: hexBytes<Address>('sender').notNull(),
  batchL2Data: rawBytes('batch_l2_data').notNull(),
  forcedGlobalExitRoot: hexBytes<Hash>('forced_global_exit_root').notNull(),
  forcedTimestamp: safeInteger('forced_timestamp').notNull(),
  forcedBlockHashL1: hexBytes<Hash>('forced_block_hash_l1').notNull(),
})

/** One L1 transaction that fixed batches from..to. */
export const sequences = state.table('sequences', {
  toBatch: batchNumber('to_batch').primaryKey(),
  fromBatch: batchNumber('from_batch').notNull(),
  l1BlockNumber: l1Block(),
  l1TxHash: hexBytes<Hash>('l1_tx_hash').notNull(),
  accInputHash: hexBytes<Hash>('acc_input_hash').notNull(), // after toBatch
})

/** What L1 says of a batch: the inputs of its state transition. */
export const virtualBatches = state.table('virtual_batches', {
  batchNumber: batchNumber('batch_number').primaryKey(),
  l1BlockNumber: l1Block(),
  l1TxHash: hexBytes<Hash>('l1_tx_hash').notNull(),
  sequencer: hexBytes<Address>('sequencer').notNull(), // who sent the L1 transaction
  coinbase: hexBytes<Address>('coinbase').notNull(),
  l1InfoRoot: hexBytes<Hash>('l1_info_root').notNull(), // the forced global exit root for forced batches
  timestampLimit: safeInteger('timestamp_limit').notNull(),
  forcedBlockHashL1: hexBytes<Hash>('forced_block_hash_l1').notNull(), // zero unless forced or injected
  accInputHash: hexBytes<Hash>('acc_input_hash').notNull(), // after this batch
})

/** One verify event: batches up to toBatch are consolidated. */
export const verifications = state.table('verifications', {
  toBatch: batchNumber('to_batch').primaryKey(),
  fromBatch: batchNumber('from_batch').notNull(),
  l1BlockNumber: l1Block(),
  l1TxHash: hexBytes<Hash>('l1_tx_hash').notNull(),
  aggregator: hexBytes<Address>('aggregator').notNull(),
  stateRoot: hexBytes<Hash>('state_root').notNull(),
  exitRoot: hexBytes<Hash>('exit_root').notNull(),
  trusted: boolean('trusted').notNull(),
})

/** What L1 said of forks: from this batch on the rollup is of that fork, unless a newer row covers the batch too. */
export const forkUpgrades = state.table(
  'fork_upgrades',
  {
    l1BlockNumber: l1Block(),
    fromBatch: batchNumber('from_batch').notNull(),
    forkId: integer('fork_id').notNull(),
  },
  (table) => [primaryKey({ columns: [table.l1BlockNumber, table.fromBatch] })],
)

/** Sequences after a batch were taken back on L1. To undo one, L1 is read again from the first of them on. */
export const rollbacks = state.table('rollbacks', {
  l1BlockNumber: l1Block().primaryKey(),
  toBatch: batchNumber('to_batch').notNull(),
  firstRemovedL1Block: safeInteger('first_removed_l1_block').notNull(),
})

/** Events of the contracts before fork 7, as they were decoded. Nothing is computed from them. */
export const preEtrogEvents = state.table(
  'pre_etrog_events',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(), // in the order of the chain
    l1BlockNumber: l1Block(),
    l1TxHash: hexBytes<Hash>('l1_tx_hash').notNull(),
    event: text('event').notNull(),
    /** Arguments of the event, and as `call` those of the call where it could be read. */
    facts: jsonb('facts').notNull(),
  },
  (table) => [index('pre_etrog_events_block').on(table.l1BlockNumber)],
)

export type L1TransactionStatus = 'created' | 'sent' | 'mined' | 'reverted' | 'cancelled' | 'abandoned'

/** Every transaction we send to L1: one durable record each, written before it is broadcast. */
export const l1Transactions = state.table(
  'l1_transactions',
  {
    id: text('id').primaryKey(), // sequence-5-9, verify-5-9
    purpose: text('purpose').$type<'sequence' | 'verify' | 'approve' | 'other'>().notNull(),
    fromBatch: batchNumber('from_batch'),
    toBatch: batchNumber('to_batch'),
    sender: hexBytes<Address>('sender').notNull(),
    recipient: hexBytes<Address>('recipient').notNull(),
    nonce: safeInteger('nonce').notNull(),
    data: rawBytes('data').notNull(),
    gasLimit: safeInteger('gas_limit').notNull(),
    status: text('status').$type<L1TransactionStatus>().notNull(),
    hash: hexBytes<Hash>('hash'), // of the attempt that was mined, else of the newest
    l1BlockNumber: safeInteger('l1_block_number'),
    error: text('error'), // decoded revert reason
    /** What it was to do is no longer wanted: whenever it has to be sent, an empty one with its nonce is. */
    withdrawn: boolean('withdrawn').notNull().default(false),
    createdAt: now('created_at'),
    updatedAt: now('updated_at'),
  },
  (table) => [
    uniqueIndex('l1_transactions_nonce').on(table.sender, table.nonce).where(sql`${table.status} <> 'abandoned'`),
    index('l1_transactions_range').on(table.purpose, table.toBatch),
  ],
)

/** Each signed form of an L1 transaction: fee bumps keep the nonce and add a row. */
export const l1TransactionAttempts = state.table(
  'l1_transaction_attempts',
  {
    hash: hexBytes<Hash>('hash').primaryKey(),
    id: text('id')
      .notNull()
      .references(() => l1Transactions.id, { onDelete: 'cascade' }),
    raw: hexBytes<Hex>('raw').notNull(),
    maxFeePerGas: uint256('max_fee_per_gas').notNull(),
    maxPriorityFeePerGas: uint256('max_priority_fee_per_gas').notNull(),
    /** Empty, to take the place of the attempts before it. */
    cancels: boolean('cancels').notNull().default(false),
    createdAt: now('created_at'),
  },
  (table) => [index('l1_transaction_attempts_id').on(table.id)],
)

/** Accounts that we send from, as they were when last looked at. */
export const l1Senders = state.table('l1_senders', {
  address: hexBytes<Address>('address').primaryKey(),
  balanceWei: uint256('balance_wei').notNull(),
  /** Below this an operator is told. */
  alarmWei: uint256('alarm_wei').notNull(),
  updatedAt: now('updated_at'),
})

// --------------------------------------------------------------------------------------------------- proofs, plumbing

/** Merkle witness of a batch against the state root before it, made when the batch is checked. */
export const witnesses = state.table('witnesses', {
  batchNumber: batchNumber('batch_number').primaryKey(),
  oldStateRoot: hexBytes<Hash>('old_state_root').notNull(),
  witness: rawBytes('witness').notNull(),
  createdAt: now('created_at'),
})

export type { ProofKind }

/** Proofs that were compared with the State DB, by job name. Their texts are in the proof store. */
export const proofs = state.table(
  'proofs',
  {
    proofId: text('proof_id').primaryKey(), // batch-7-r1, aggregated-5-8, final-5-8-<aggregator>
    kind: text('kind').$type<ProofKind>().notNull(),
    fromBatch: batchNumber('from_batch').notNull(),
    toBatch: batchNumber('to_batch').notNull(),
    prover: text('prover').notNull(), // name of the process or remote prover
    proverKind: text('prover_kind').$type<ProverKind>().notNull().default('embedded'),
    createdAt: now('created_at'),
  },
  (table) => [index('proofs_range').on(table.kind, table.fromBatch, table.toBatch)],
)

/** Signals to workflows, written in the transaction that makes them true; delivered at least once, then deleted. */
export const outbox = state.table('outbox', {
  id: bigserial('id', { mode: 'number' }).primaryKey(),
  workflowId: text('workflow_id').notNull(),
  signal: text('signal').notNull(),
  payload: jsonb('payload').notNull(), // arguments of the signal, a list
  /** Set for batch workflows that may have to be started by the signal. */
  batchNumber: batchNumber('batch_number'),
  createdAt: now('created_at'),
})

/** Fences for what may run only once: a writer holds the newest epoch or its transaction fails. */
export const leases = state.table('leases', {
  name: text('name').primaryKey(),
  epoch: safeInteger('epoch').notNull(),
  owner: text('owner').notNull(),
  acquiredAt: now('acquired_at'),
})

export type DevRequest =
  | { kind: 'mine'; blocks: number; intervalSeconds: number; begun: boolean }
  | { kind: 'increaseTime'; seconds: number }
  | { kind: 'setNextTimestamp'; timestamp: number }
  | { kind: 'drop'; hash: Hash }
  | { kind: 'snapshot' }
  | { kind: 'revert'; snapshot: number }

/** What the dev_ methods ask of the sequencer, in order. It takes the row away when it is done. */
export const devRequests = state.table('dev_requests', {
  id: bigserial('id', { mode: 'number' }).primaryKey(),
  request: jsonb('request').$type<DevRequest>().notNull(),
  createdAt: now('created_at'),
})

/** States of an open batch to go back to; void when the batch is closed. */
export const devSnapshots = state.table('dev_snapshots', {
  id: safeInteger('id').primaryKey(), // of the request
  blockNumber: blockNumber('block_number').notNull(),
  blockHash: hexBytes<Hash>('block_hash').notNull(),
  batchNumber: batchNumber('batch_number').notNull(),
  /** What the row of the batch had. */
  batch: jsonb('batch')
    .$type<Pick<typeof batches.$inferSelect, 'blockCount' | 'txCount' | 'lastTimestamp' | 'counters'>>()
    .notNull(),
  createdAt: now('created_at'),
})

/** How far the sequencer's clock is ahead on a development network; one row, none when it never was. */
export const devClock = state.table(
  'dev_clock',
  {
    id: integer('id').primaryKey(), // always 1
    offsetSeconds: safeInteger('offset_seconds').notNull(),
    /** Of the next block alone. */
    nextTimestamp: safeInteger('next_timestamp'),
  },
  (table) => [check('dev_clock_one_row', sql`${table.id} = 1`)],
)

/** Where a reader stands, e.g. `synchronizer` → last L1 block whose effects are stored. One row each. */
export const cursors = state.table('cursors', {
  name: text('name').primaryKey(),
  position: safeInteger('position').notNull(),
  /** Highest position known to exist, for progress. */
  target: safeInteger('target').notNull(),
  updatedAt: now('updated_at'),
})

// --------------------------------------------------------------------------------------------------------------- API

/** Versions of the node that have run on this data, each with its first start. */
export const nodeVersions = state.table('node_versions', {
  version: text('version').primaryKey(),
  startedAt: now('started_at'),
})

export type RpcFilterKind = 'log' | 'block' | 'pendingTransaction'

/** Filters of JSON-RPC clients that poll: any API process serves any of them. */
export const rpcFilters = state.table(
  'rpc_filters',
  {
    id: text('id').primaryKey(), // random hex quantity
    kind: text('kind').$type<RpcFilterKind>().notNull(),
    criteria: jsonb('criteria'), // of a log filter, as the client gave it
    /** Everything up to here was delivered: block number, or arrival for pending transactions. */
    position: safeInteger('position').notNull(),
    /** Blocks removed up to this id are known to the client. */
    removal: safeInteger('removal').notNull().default(0),
    /** Who made it, by network address; null where that is not known. */
    owner: text('owner'),
    polledAt: now('polled_at'),
  },
  (table) => [index('rpc_filters_polled').on(table.polledAt), index('rpc_filters_owner').on(table.owner)],
)

/** Keys of JSON-RPC callers; the keys themselves are nowhere. */
export const apiKeys = state.table('api_keys', {
  id: text('id').primaryKey(),
  keyHash: hexBytes<Hash>('key_hash').notNull().unique(), // SHA-256
  namespaces: text('namespaces').array(), // null: all that are switched on
  ratePerSecond: integer('rate_per_second'), // null: rpc.rateLimit.perKey
  note: text('note').notNull(),
  createdAt: now('created_at'),
  revokedAt: moment('revoked_at'),
})

// -------------------------------------------------------------------------------------------------------------- pool

export type PoolStatus = 'pending' | 'rejected'

/** Transactions that wait for a block. A mined one is deleted in the transaction that stores its block. */
export const poolTransactions = pool.table(
  'transactions',
  {
    hash: hexBytes<Hash>('hash').primaryKey(),
    /** Order of arrival. Rows can become visible out of order: readers watch for gaps. */
    arrival: bigserial('arrival', { mode: 'number' }).notNull(),
    status: text('status').$type<PoolStatus>().notNull().default('pending'),
    sender: hexBytes<Address>('sender').notNull(),
    nonce: safeInteger('nonce').notNull(),
    gasPrice: uint256('gas_price').notNull(),
    gasLimit: safeInteger('gas_limit').notNull(),
    /** Most the transaction can cost its sender: value + gasLimit * gasPrice, wei. */
    cost: uint256('cost').notNull(),
    raw: rawBytes('raw').notNull(),
    receivedAt: now('received_at'),
    rejectedReason: text('rejected_reason'),
  },
  (table) => [
    uniqueIndex('pool_transactions_sender_nonce').on(table.sender, table.nonce).where(sql`${table.status} = 'pending'`),
    uniqueIndex('pool_transactions_arrival').on(table.arrival),
  ],
)

export const blockedAddresses = pool.table('blocked_addresses', {
  address: hexBytes<Address>('address').primaryKey(),
  reason: text('reason'),
  createdAt: now('created_at'),
})
