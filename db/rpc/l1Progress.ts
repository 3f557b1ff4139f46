import { inArray } from 'drizzle-orm'
import type { Queryable } from '../client.ts'
import { cursors } from '../schema.ts'

export const SYNCHRONIZER_CURSOR = 'synchronizer'
/** Where the present long reading of L1, or the last one, began. */
export const CATCH_UP_CURSOR = 'synchronizer-start'

/** A reading of L1 that is more blocks behind than these is not just between two polls. */
export const BEHIND_BLOCKS = 5

/** How far the reading of L1 is, in L1 blocks. `etaSeconds` is undefined when nothing tells how fast it is. */
export type L1Progress = {
  start: number
  position: number
  target: number
  /** When L1 was last read. */
  updatedAt: Date
  etaSeconds: number | undefined
}

/** Undefined before L1 was read. */
export async function readL1Progress(db: Queryable): Promise<L1Progress | undefined> {
  const rows = await db
    .select()
    .from(cursors)
    .where(inArray(cursors.name, [SYNCHRONIZER_CURSOR, CATCH_UP_CURSOR]))
  const current = rows.find(({ name }) => name === SYNCHRONIZER_CURSOR)
  const begun = rows.find(({ name }) => name === CATCH_UP_CURSOR)
  if (current === undefined) return undefined
  const { position, target } = current
  const start = begun === undefined ? position : Math.min(begun.position, position)
  const seconds = begun === undefined ? 0 : (current.updatedAt.getTime() - begun.updatedAt.getTime()) / 1000
  const isKnown = seconds > 0 && position > start
  return {
    start,
    position,
    target,
    updatedAt: current.updatedAt,
    etaSeconds: isKnown ? Math.ceil((seconds * Math.max(0, target - position)) / (position - start)) : undefined,
  }
}
