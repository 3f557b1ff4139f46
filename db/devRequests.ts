import { asc, eq } from 'drizzle-orm'
import type { Database, Queryable } from './client.ts'
import { notify } from './notify.ts'
import { type DevRequest, devClock, devRequests } from './schema.ts'

export type { DevRequest } from './schema.ts'
export type DevRequestRow = Pick<typeof devRequests.$inferSelect, 'id' | 'request'>
export type DevClock = { offsetSeconds: number; nextTimestamp: number | null }

const CLOCK_ROW = 1

/** Asks the sequencer for something. Returns the id to watch. */
export async function insertDevRequest(db: Queryable, request: DevRequest): Promise<number> {
  const [row] = await db.insert(devRequests).values({ request }).returning({ id: devRequests.id })
  await notify(db, 'dev', row!.id)
  return row!.id
}

export async function hasDevRequest(db: Queryable, id: number): Promise<boolean> {
  const rows = await db.select({ id: devRequests.id }).from(devRequests).where(eq(devRequests.id, id))
  return rows.length > 0
}

/** In the order they were made. */
export async function readDevRequests(db: Queryable): Promise<DevRequestRow[]> {
  const { id, request } = devRequests
  return await db.select({ id, request }).from(devRequests).orderBy(asc(id))
}

export async function updateDevRequest(tx: Queryable, id: number, request: DevRequest): Promise<void> {
  await tx.update(devRequests).set({ request }).where(eq(devRequests.id, id))
}

export async function deleteDevRequest(tx: Queryable, id: number): Promise<void> {
  await tx.delete(devRequests).where(eq(devRequests.id, id))
}

/** Takes back what is not done. False when it is. */
export async function withdrawDevRequest(db: Database, id: number): Promise<boolean> {
  return await db.transaction(async (tx) => {
    const found = await hasDevRequest(tx, id)
    await deleteDevRequest(tx, id)
    await notify(tx, 'dev', id)
    return found
  })
}

export async function readDevClock(db: Queryable): Promise<DevClock> {
  const { offsetSeconds, nextTimestamp } = devClock
  const [row] = await db.select({ offsetSeconds, nextTimestamp }).from(devClock).where(eq(devClock.id, CLOCK_ROW))
  return row ?? { offsetSeconds: 0, nextTimestamp: null }
}

export async function writeDevClock(tx: Queryable, clock: DevClock): Promise<void> {
  await tx
    .insert(devClock)
    .values({ id: CLOCK_ROW, ...clock })
    .onConflictDoUpdate({ target: devClock.id, set: clock })
}
