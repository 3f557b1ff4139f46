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
import { type DevSnapshot, findNewestDevSnapshot, goBackToDevSnapshot, insertDevSnapshot } from '#db/devSnapshots.ts'
import { assertLease, type Lease } from '#db/leases.ts'
import { listen } from '#db/notify.ts'
import { deleteTransactions } from '#db/poolFeed.ts'
import type { BatchNumber, Hash } from '#protocol/primitives.ts'

/** Blocks that somebody asked for. */
export type MineRequest = { id: number } & Extract<DevRequest, { kind: 'mine' }>

/** A batch that one can go back in is kept open, but not for ever: L1 and other nodes wait for it. */
const SNAPSHOT_HOLD_MS = 600_000

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
  #snapshot: DevSnapshot | undefined
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

  /** Does what needs no block. Returns the blocks to make, when it is their turn; or that blocks were taken back. */
  async take(lease: Lease, forgetTransaction: (hash: Hash) => void): Promise<MineRequest | 'reverted' | undefined> {
    if (this.#isStale) {
      this.#isStale = false
      this.#waiting = await readDevRequests(this.#db)
      this.#clock = await readDevClock(this.#db)
      this.#snapshot = await findNewestDevSnapshot(this.#db)
    }
    for (;;) {
      const [first] = this.#waiting
      if (first === undefined) return undefined
      const { id, request } = first
      if (request.kind === 'mine') return { id, ...request }
      if (request.kind === 'drop') forgetTransaction(request.hash)
      const hasReverted = await this.#db.transaction(async (tx) => {
        await assertLease(tx, lease)
        await deleteDevRequest(tx, id)
        return await this.#carryOut(tx, first)
      })
      this.#waiting.shift()
      if (hasReverted) return 'reverted'
    }
  }

  /** Whether it took back blocks. */
  async #carryOut(tx: Queryable, { id, request }: DevRequestRow): Promise<boolean> {
    const clock = this.#clock
    switch (request.kind) {
      case 'drop':
        await deleteTransactions(tx, [request.hash])
        return false
      case 'increaseTime':
        await this.#setClock(tx, { ...clock, offsetSeconds: clock.offsetSeconds + request.seconds })
        return false
      case 'setNextTimestamp':
        await this.#setClock(tx, { ...clock, nextTimestamp: request.timestamp })
        return false
      case 'snapshot':
        await insertDevSnapshot(tx, id)
        this.#snapshot = await findNewestDevSnapshot(tx)
        return false
      case 'revert': {
        const hasReverted = await goBackToDevSnapshot(tx, request.snapshot)
        this.#snapshot = await findNewestDevSnapshot(tx)
        return hasReverted
      }
      case 'mine':
        throw new TypeError('blocks are made by the caller')
    }
  }

  async #setClock(tx: Queryable, clock: DevClock): Promise<void> {
    await writeDevClock(tx, clock)
    this.#clock = clock
  }

  /** Until when a batch is not to close for its age, ms since the epoch. */
  heldUntil(batchNumber: BatchNumber): number {
    const { batchNumber: held, createdAt } = this.#snapshot ?? {}
    return held === batchNumber && createdAt !== undefined ? createdAt.getTime() + SNAPSHOT_HOLD_MS : 0
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
      await this.#setClock(tx, { offsetSeconds: Math.max(offsetSeconds, ahead), nextTimestamp: null })
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
