import type { Logger } from '#common/logger.ts'
import type { Database } from '#db/client.ts'
import { listen } from '#db/notify.ts'
import { findArrivals } from '#db/poolFeed.ts'
import { findNewestArrival } from '#db/rpc/filters.ts'
import { type FoundLog, findLogs, type LogCriteria } from '#db/rpc/logs.ts'
import { findRemovedLogs } from '#db/rpc/removed.ts'
import { formatHeader, formatLog, formatPendingTransaction } from './format.ts'
import type { Head, HeadNews } from './head.ts'
import { matchesLog } from './logFilter.ts'

type Send = (result: unknown) => void

/** Tells subscribers of the process what is new, each kind in the order of the chain. Adding returns what ends it. */
export interface Subscriptions {
  addHeads(send: Send): () => void
  addLogs(criteria: LogCriteria, send: Send): () => void
  addPendingTransactions(form: 'hash' | 'object', send: Send): () => void
  close(): Promise<void>
}

const PAGE = 1000

export async function createSubscriptions(db: Database, head: Head, logger: Logger): Promise<Subscriptions> {
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
    if (heads.size > 0)
      for (const header of news.added) {
        const shown = formatHeader(header)
        for (const send of heads) send(shown)
      }
    inOrder(() => tellLogs(news))
  })
  const endPool = await listen(db, 'pool', (arrival) => inOrder(() => tellPending(arrival)))

  return {
    addHeads(send) {
      heads.add(send)
      return () => heads.delete(send)
    },
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
      await endPool()
      await queue
    },
  }
}
