import type { Database, Queryable } from '#db/client.ts'
import {
  type DevClock,
  type DevRequest,
  type DevRequestRow,
  deleteDevRequest,
  readDevClock,
  readDevRequests,
  updateDevRequest,
  writeDevClock,
} from '#db/devRequests.ts'
import { assertLease, type Lease } from '#db/leases.ts'
import { listen } from '#db/notify.ts'
import { deleteTransactions } from '#db/poolFeed.ts'
import type { Hash } from '#protocol/primitives.ts'

/** Blocks that somebody asked for. */
export type MineRequest = { id: number } & Extract<DevRequest, { kind: 'mine' }>

const wallClock = () => Math.floor(Date.now() / 1000)

/**
 * What the dev_ methods ask of the sequencer: blocks now, a clock that is ahead, transactions to forget. All of it ends in
 * ordinary blocks. Rows of the database say what is to be done, so nothing is lost or done twice after a kill.
 */
export class DevRequests {
  readonly #db: Database
  readonly #wake: () => void
  #unlisten: Promise<() => Promise<void>> | undefined
  #isStale = true
  #waiting: DevRequestRow[] = []
  #clock: DevClock = { offsetSeconds: 0, nextTimestamp: null }

  /** @param wake is called when something is asked for */
  constructor(db: Database, wake: () => void) {
    this.#db = db
    this.#wake = wake
  }

  async listen(): Promise<void> {
    this.#unlisten ??= listen(this.#db, 'dev', () => {
      this.#isStale = true
      this.#wake()
    })
    await this.#unlisten
  }

  async close(): Promise<void> {
    await (await this.#unlisten)?.()
  }

  /** What is in memory may be ahead of the database. */
  forget(): void {
    this.#isStale = true
  }

  /** Does what needs no block. Returns the blocks to make, when it is their turn. */
  async take(lease: Lease, forgetTransaction: (hash: Hash) => void): Promise<MineRequest | undefined> {
    if (this.#isStale) {
      this.#isStale = false
      this.#waiting = await readDevRequests(this.#db)
      this.#clock = await readDevClock(this.#db)
    }
    for (;;) {
      const [first] = this.#waiting
      if (first === undefined) return undefined
      const { id, request } = first
      if (request.kind === 'mine') return { id, ...request }
      if (request.kind === 'drop') forgetTransaction(request.hash)
      this.#clock = await this.#db.transaction(async (tx) => {
        await assertLease(tx, lease)
        await deleteDevRequest(tx, id)
        return await this.#carryOut(tx, request)
      })
      this.#waiting.shift()
    }
  }

  async #carryOut(tx: Queryable, request: Exclude<DevRequest, { kind: 'mine' }>): Promise<DevClock> {
    const clock = this.#clock
    if (request.kind === 'drop') {
      await deleteTransactions(tx, [request.hash])
      return clock
    }
    const changed =
      request.kind === 'increaseTime'
        ? { ...clock, offsetSeconds: clock.offsetSeconds + request.seconds }
        : { ...clock, nextTimestamp: request.timestamp }
    await writeDevClock(tx, changed)
    return changed
  }

  /** What time it is for a block that does not have to be at another. */
  now(): number {
    return wallClock() + this.#clock.offsetSeconds
  }

  /** Of the block after one of this timestamp; blocks never go back. */
  nextTimestamp(lastTimestamp: number, mine: MineRequest | undefined): number {
    const { nextTimestamp } = this.#clock
    const step = mine?.begun && mine.intervalSeconds > 0 ? lastTimestamp + mine.intervalSeconds : undefined
    return Math.max(lastTimestamp, nextTimestamp ?? step ?? this.now())
  }

  /** In the transaction that stores a block. Time goes on from a timestamp that was asked for. */
  async noteBlock(tx: Queryable, timestamp: number, mine: MineRequest | undefined): Promise<void> {
    const { offsetSeconds, nextTimestamp } = this.#clock
    const ahead = timestamp - wallClock()
    if (nextTimestamp !== null || (mine !== undefined && ahead > offsetSeconds)) {
      this.#clock = { offsetSeconds: Math.max(offsetSeconds, ahead), nextTimestamp: null }
      await writeDevClock(tx, this.#clock)
    }
    if (mine === undefined) return
    const { id, ...request } = mine
    const left: DevRequest = { ...request, blocks: request.blocks - 1, begun: true }
    if (left.blocks > 0) await updateDevRequest(tx, id, left)
    else await deleteDevRequest(tx, id)
    if (left.blocks > 0) this.#waiting[0] = { id, request: left }
    else this.#waiting.shift()
  }
}
