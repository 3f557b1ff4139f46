import type { Logger } from '#common/logger.ts'
import { BlockNotFoundError } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { listen } from '#db/notify.ts'
import { findNewestHeader, type HeaderRow, readHeaders } from '#db/rpc/blocks.ts'

/** News of the chain: blocks that came, in order, after blocks that went, newest first. */
export type HeadNews = { added: readonly HeaderRow[]; removed: readonly HeaderRow[] }
export type HeadListener = (news: HeadNews) => void

/** The newest block, kept in memory and current by notification: the cheapest methods ask no database. */
export interface Head {
  readonly latest: HeaderRow
  /** Catches up with the database when the given block is newer than what is known here. */
  reach(blockNumber: number): Promise<void>
  subscribe(listener: HeadListener): () => void
  close(): Promise<void>
}

/** Headers remembered, from the start on, to tell which blocks a reorg took away. */
const REMEMBERED = 1024
const PAGE = 500

/** @throws {BlockNotFoundError} on an empty State DB */
export async function followHead(db: Database, logger: Logger): Promise<Head> {
  const first = await findNewestHeader(db)
  if (first === undefined) throw new BlockNotFoundError('The State DB has no genesis block.')
  const from = Math.max(0, first.blockNumber - REMEMBERED + 1)
  let recent: HeaderRow[] = await readHeaders(db, { from, to: first.blockNumber, limit: REMEMBERED })
  const listeners = new Set<HeadListener>()
  let refreshing: Promise<void> | undefined
  let again = false

  const latest = () => recent.at(-1)!

  /** Drops remembered blocks that the database no longer has. */
  async function dropRemoved(): Promise<HeaderRow[]> {
    const removed: HeaderRow[] = []
    const stored = await readHeaders(db, { from: recent[0]!.blockNumber, to: latest().blockNumber, limit: REMEMBERED })
    const hashes = new Map(stored.map(({ blockNumber, hash }) => [blockNumber, hash]))
    while (recent.length > 0 && hashes.get(latest().blockNumber) !== latest().hash) removed.push(recent.pop()!)
    return removed
  }

  async function readNews(): Promise<void> {
    for (;;) {
      const from = latest().blockNumber
      const rows = await readHeaders(db, { from, to: Number.MAX_SAFE_INTEGER, limit: PAGE })
      const isContinued = rows[0]?.hash === latest().hash
      const removed = isContinued ? [] : await dropRemoved()
      let added = isContinued ? rows.slice(1) : []
      if (recent.length === 0) {
        const newest = await findNewestHeader(db)
        if (newest === undefined) throw new BlockNotFoundError('The State DB has no genesis block.')
        added = [newest]
      }
      recent = [...recent, ...added].slice(-REMEMBERED)
      if (added.length > 0 || removed.length > 0) for (const listener of listeners) listener({ added, removed })
      if (isContinued && rows.length < PAGE) return
    }
  }

  /** One refresh at a time; a call during one makes it look again. */
  function refresh(): Promise<void> {
    again = true
    refreshing ??= (async () => {
      try {
        while (again) {
          again = false
          await readNews()
        }
      } finally {
        refreshing = undefined
      }
    })()
    return refreshing
  }

  const unlisten = await listen(db, 'l2_block', () => {
    refresh().catch((err) => logger.warn({ err }, 'cannot read new blocks'))
  })
  await refresh()
  return {
    get latest() {
      return latest()
    },
    reach: async (blockNumber) => {
      if (blockNumber > latest().blockNumber) await refresh()
    },
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: unlisten,
  }
}
