import { listen } from '#db/notify.ts'
import { findArrivals } from '#db/poolFeed.ts'
import { findNewestArrival } from '#db/rpc/filters.ts'
import { type FoundLog, findLogs, type LogCriteria } from '#db/rpc/logs.ts'
import { findRemovedLogs } from '#db/rpc/removed.ts'
import type { ApiDeps } from '../deps.ts'
import { formatHeader, formatLog, formatPendingTransaction, quantity } from '../format.ts'
import { followBatches } from './batchNews.ts'
import type { HeadNews } from './head.ts'
import { matchesLog } from './logFilter.ts'
import { followSyncing } from './syncing.ts'

type Send = (result: unknown) => void

/** Tells subscribers of the process what is new, each kind in the order of the chain. Adding returns what ends it. */
export interface Subscriptions {
  addHeads(send: Send): () => void
  addLogs(criteria: LogCriteria, send: Send): () => void
  addPendingTransactions(form: 'hash' | 'object', send: Send): () => void
  /** Status of each batch that came a step further or fell back. */
  addBatches(send: Send): () => void
  /** Ranges of blocks that the chain left. */
  addReorgs(send: Send): () => void
  /** false, or that and how far the node is behind L1: now, and at each change. */
  addSyncing(send: Send): () => void
  close(): Promise<void>
}

const PAGE = 1000

/** What took blocks away is always the same: the state of a node follows L1. */
const REORG_REASON = 'L1 has other batches'

type Deps = Pick<ApiDeps, 'db' | 'proofDb' | 'head' | 'role' | 'logger'>

export async function createSubscriptions(deps: Deps): Promise<Subscriptions> {
  const { db, head, logger } = deps
  const batches = new Set<Send>()
  const reorgs = new Set<Send>()
  const heads = new Set<Send>()
  const logs = new Map<Send, LogCriteria>()
  const pending = new Map<Send, 'hash' | 'object'>()
  let newestArrival = await findNewestArrival(db)
  let queue = Promise.resolve()

  /** One after the other: order is kept, and a failure costs one message. */
  function inOrder(work: () => Promise<void>): void {
    queue = queue.then(work).catch((err: unknown) => logger.warn({ err }, 'cannot tell subscribers'))
  }

  /** Logs of blocks that are gone are taken back before those of new blocks are told. */
  async function tellLogs({ added, removed }: HeadNews): Promise<void> {
    const lost = logs.size === 0 ? [] : removed.filter(({ logsBloom }) => logsBloom !== null)
    for (const log of await findRemovedLogs(
      db,
      lost.map(({ hash }) => hash),
    ))
      tellLog(log, true)
    const withLogs = added.filter(({ logsBloom }) => logsBloom !== null)
    const [first, last] = [withLogs[0], withLogs.at(-1)]
    if (logs.size === 0 || first === undefined || last === undefined) return
    const found: FoundLog[] = await findLogs(db, {
      from: first.blockNumber,
      to: last.blockNumber,
      limit: Number.MAX_SAFE_INTEGER,
    })
    for (const log of found) tellLog(log, false)
  }

  function tellLog(log: FoundLog, isRemoved: boolean): void {
    const shown = formatLog(log, isRemoved)
    for (const [send, criteria] of logs) if (matchesLog(log, criteria)) send(shown)
  }

  /** `arrival`: the highest that was stored, unknown after a lost connection. */
  async function tellPending(arrival: number | undefined): Promise<void> {
    for (;;) {
      if (pending.size === 0) {
        newestArrival = Math.max(newestArrival, arrival ?? (await findNewestArrival(db)))
        return
      }
      const rows = await findArrivals(db, { after: newestArrival, also: [], limit: PAGE })
      newestArrival = rows.at(-1)?.arrival ?? newestArrival
      for (const row of rows)
        for (const [send, form] of pending) send(form === 'hash' ? row.hash : formatPendingTransaction(row))
      if (rows.length < PAGE) return
    }
  }

  const endHead = head.subscribe((news) => {
    if (heads.size > 0) for (const header of news.added) tellAll(heads, formatHeader(header))
    const [newest, oldest] = [news.removed[0], news.removed.at(-1)]
    if (newest !== undefined && oldest !== undefined)
      tellAll(reorgs, {
        fromBlock: quantity(oldest.blockNumber),
        toBlock: quantity(newest.blockNumber),
        reason: REORG_REASON,
      })
    inOrder(() => tellLogs(news))
  })
  const endPool = await listen(db, 'pool', (arrival) => inOrder(() => tellPending(arrival)))

  const endBatches = await followBatches(deps, (news) => tellAll(batches, news))
  const syncing = followSyncing(deps)

  const addTo = (subscribers: Set<Send>) => (send: Send) => {
    subscribers.add(send)
    return () => subscribers.delete(send)
  }
  return {
    addHeads: addTo(heads),
    addBatches: addTo(batches),
    addReorgs: addTo(reorgs),
    addSyncing: syncing.add,
    addLogs(criteria, send) {
      logs.set(send, criteria)
      return () => logs.delete(send)
    },
    addPendingTransactions(form, send) {
      pending.set(send, form)
      return () => pending.delete(send)
    },
    async close() {
      endHead()
      syncing.close()
      await endBatches()
      await endPool()
      await queue
    },
  }
}

function tellAll(subscribers: ReadonlySet<Send>, result: unknown): void {
  for (const send of subscribers) send(result)
}
