import type { Logger } from '#common/logger.ts'
import { BlockNotFoundError } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { listen } from '#db/notify.ts'
import { type Horizon, readHorizon } from '#db/pruning.ts'
import { findNewestHeader, type HeaderRow, readHeaders } from '#db/rpc/blocks.ts'

/** News of the chain: blocks that came, in order, after blocks that went, newest first. */
export type HeadNews = { added: readonly HeaderRow[]; removed: readonly HeaderRow[] }
export type HeadListener = (news: HeadNews) => void

/** The newest block, kept in memory and current by notification: the cheapest methods ask no database. */
export interface Head {
  readonly latest: HeaderRow
  /** Where history begins. It moves long before anything is removed, so that this is never too late. */
  readonly horizon: Horizon
  /** Whether a block is one of those remembered, that is recent and, as far as is known here, not undone. */
  includes(block: Pick<HeaderRow, 'blockNumber' | 'hash'>): boolean
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
  let horizon = await readHorizon(db)
  const listeners = new Set<HeadListener>()
  let refreshing: Promise<void> | undefined
  let again = false

  const latest = () => recent.at(-1)!

  /** Of the remembered blocks, those that the database has still, and those that it has not, newest first. */
  async function findRemoved(): Promise<{ kept: HeaderRow[]; removed: HeaderRow[] }> {
    const stored = await readHeaders(db, { from: recent[0]!.blockNumber, to: latest().blockNumber, limit: REMEMBERED })
    const hashes = new Map(stored.map(({ blockNumber, hash }) => [blockNumber, hash]))
    const end = recent.findLastIndex(({ blockNumber, hash }) => hashes.get(blockNumber) === hash) + 1
    return { kept: recent.slice(0, end), removed: recent.slice(end).reverse() }
  }

  async function readNews(): Promise<void> {
    horizon = await readHorizon(db)
    for (;;) {
      const from = latest().blockNumber
      const rows = await readHeaders(db, { from, to: Number.MAX_SAFE_INTEGER, limit: PAGE })
      const isContinued = rows[0]?.hash === latest().hash
      const { kept, removed } = isContinued ? { kept: recent, removed: [] } : await findRemoved()
      let added = isContinued ? rows.slice(1) : []
      if (kept.length === 0) {
        const newest = await findNewestHeader(db)
        if (newest === undefined) throw new BlockNotFoundError('The State DB has no genesis block.')
        added = [newest]
      }
      recent = [...kept, ...added].slice(-REMEMBERED)
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
    get horizon() {
      return horizon
    },
    includes: ({ blockNumber, hash }) => recent[blockNumber - recent[0]!.blockNumber]?.hash === hash,
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
