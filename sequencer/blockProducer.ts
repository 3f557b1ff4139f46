import type { BlockToStore } from '#db/blocks.ts'
import { toStoredBlock } from '#db/storedBlock.ts'
import { openBlock } from '#executor/blockBuilder.ts'
import { addCounters } from '#executor/counters/zkCounters.ts'
import { CHANGE_L2_BLOCK_SIZE_BYTES } from '#protocol/batchL2Data.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import { FULL_PRICE_PERCENTAGE } from '#protocol/effectiveGasPrice.ts'
import { getForkRules } from '#protocol/forks.ts'
import type { Address, BatchNumber, Hash } from '#protocol/primitives.ts'
import { type BatchLimits, type BatchUsage, type ClosingReason, findExhaustion } from './batchUsage.ts'
import type { Head } from './head.ts'
import type { PooledTransaction, PoolFeed } from './poolFeed.ts'
import type { Waker } from './waker.ts'

/** A new global exit root to bring to L2: a leaf of the L1 info tree. */
export type InfoLeaf = { index: number; globalExitRoot: Hash; blockHashL1: Hash; timestamp: number }

export type BlockPlan = {
  batchNumber: BatchNumber
  chainId: number
  forkId: number
  coinbase: Address
  /** What the batch used before this block. */
  usage: BatchUsage
  limits: BatchLimits
  leaf: InfoLeaf | undefined
  /** Not before that of the last block. */
  timestamp: number
  /** Make the block even when nothing goes into it. */
  evenEmpty: boolean
  /** The block closes when nothing came for this long, at this age, or with this many transactions. */
  idleMs: number
  maxMs: number
  maxTransactions: number
}

export type ProducedBlock = {
  /** Undefined when nothing waited that could run: no block was made. */
  stored: BlockToStore | undefined
  /** Of the batch, this block included. */
  usage: BatchUsage
  /** Set when a transaction waits that fits no more into this batch. */
  full: ClosingReason | undefined
  /** Transactions that can never run, with the reason. */
  rejected: { hash: Hash; reason: string }[]
}

/**
 * Makes the block after `head.last` from what the feed offers, best price first. A transaction that cannot run now
 * leaves no trace in the block. The head's world has the block's state when this returns; storing it is the caller's.
 */
export async function produceBlock(
  head: Head,
  feed: PoolFeed,
  plan: BlockPlan,
  news: Waker,
  signal: AbortSignal,
): Promise<ProducedBlock> {
  const openedAt = Date.now()
  const { last, world, nodes } = head
  const { limits, leaf } = plan
  const deltaTimestamp = plan.timestamp - last.timestamp
  const builder = await openBlock(
    {
      forkId: plan.forkId,
      chainId: plan.chainId,
      coinbase: plan.coinbase,
      parentStateRoot: last.stateRoot,
      opening: {
        kind: 'changeL2Block',
        deltaTimestamp,
        timestampLimit: Number.MAX_SAFE_INTEGER, // L1 is told the timestamp of the batch's last block
        l1Info: leaf && { ...leaf, minTimestamp: leaf.timestamp },
      },
      batch: plan.usage,
      counterLimits: limits.counters,
      treeDepth: last.treeDepth,
    },
    { world, store: nodes },
  )
  const included: PooledTransaction[] = []
  const rejected: ProducedBlock['rejected'] = []
  let sizeBytes = plan.usage.sizeBytes + CHANGE_L2_BLOCK_SIZE_BYTES
  let leftOut: ClosingReason | undefined

  const usage = (counters: ZkCounters): BatchUsage => ({
    transactions: plan.usage.transactions + included.length,
    sizeBytes,
    counters: addCounters(plan.usage.counters, counters),
  })
  const isFull = () =>
    included.length >= plan.maxTransactions ||
    Date.now() - openedAt >= plan.maxMs ||
    (included.length > 0 && findExhaustion(usage(builder.counters), limits) !== undefined)

  while (!isFull() && !signal.aborted) {
    const candidate = feed.queue.next()
    if (candidate === undefined) {
      if (leftOut !== undefined) break // the batch closes: what arrives now has room in the next one
      const timeoutMs = Math.min(plan.idleMs, plan.maxMs - (Date.now() - openedAt))
      if (timeoutMs <= 0 || !(await news.wait(timeoutMs, signal))) break
      await takeArrivals(feed, head, plan)
      continue
    }
    if (sizeBytes + candidate.sizeBytes > limits.sizeBytes) {
      feed.queue.skip(candidate.hash)
      leftOut = 'No transaction fits'
      continue
    }
    const outcome = await builder.execute(candidate.transaction, candidate.sender, FULL_PRICE_PERCENTAGE)
    if (outcome.kind === 'included') {
      included.push(candidate)
      sizeBytes += candidate.sizeBytes
      feed.queue.remove(candidate.hash)
      const sender = world.account(candidate.sender)
      feed.queue.promote(candidate.sender, Number(sender.nonce), sender.balance)
    } else if (outcome.kind === 'out-of-counters' && plan.usage.transactions + included.length > 0) {
      feed.queue.skip(candidate.hash) // it gets a batch of its own
      leftOut = 'Resource exhausted'
    } else {
      feed.queue.remove(candidate.hash)
      rejected.push({
        hash: candidate.hash,
        reason: outcome.kind === 'invalid' ? outcome.error : `out of counters: ${outcome.counter}`,
      })
    }
  }
  if (included.length === 0 && leaf === undefined && !plan.evenEmpty) {
    builder.discard()
    return { stored: undefined, usage: plan.usage, full: leftOut, rejected }
  }
  const result = await builder.close()
  nodes.add(result.newNodes)
  const marker = { deltaTimestamp, indexL1InfoTree: leaf?.index ?? 0 }
  const stored = toStoredBlock(result, { batchNumber: plan.batchNumber, parent: last, marker })
  return { stored, usage: usage(result.counters), full: leftOut, rejected }
}

/**
 * Brings the queue up to date with the Pool DB, and what it knows of its senders with the head; and into memory the state
 * that the arrivals are going to read.
 */
export async function takeArrivals(
  feed: PoolFeed,
  { last, world, prefetcher }: Head,
  { chainId, forkId, coinbase }: Pick<BlockPlan, 'chainId' | 'forkId' | 'coinbase'>,
): Promise<void> {
  while (await feed.refresh()) {}
  const arrived = feed.takeArrived()
  if (arrived.length > 0) {
    const timestamp = Math.max(last.timestamp, Math.floor(Date.now() / 1000))
    const gasLimit = getForkRules(forkId).blockGasLimit
    await prefetcher.prefetch(arrived, { number: last.blockNumber + 1, timestamp, coinbase, gasLimit, chainId })
  }
  const senders = feed.queue.unknownSenders()
  await world.prefetchAccounts(senders)
  for (const address of senders) {
    const { nonce, balance } = world.account(address)
    feed.queue.promote(address, Number(nonce), balance)
  }
}
