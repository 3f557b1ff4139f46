import type { Logger } from '#common/logger.ts'
import { BEHIND_BLOCKS } from '#db/rpc/l1Progress.ts'

/** How far L1 is read, in blocks. `etaSeconds` when that is far enough behind to be told. */
export type Progress = { position: number; target: number; etaSeconds?: number }

type Run = { position: number; at: number; toldAt: number }

const TELL_EVERY_MS = 10_000

/** Tells how a long reading of L1 comes along: at its beginning, every ten seconds, at its end. */
export class CatchUp {
  readonly #logger: Logger
  readonly #now: () => number
  #run: Run | undefined

  constructor(logger: Logger, now: () => number = Date.now) {
    this.#logger = logger
    this.#now = now
  }

  /** True when this is where a long reading begins. */
  begin(position: number, target: number): boolean {
    if (this.#run !== undefined || target - position <= BEHIND_BLOCKS) return false
    this.#run = { position, at: this.#now(), toldAt: this.#now() }
    this.#logger.info({ position, target, blocks: target - position }, 'reading L1 from far behind')
    return true
  }

  advance({ position, target }: Progress): Progress {
    const run = this.#run
    if (run === undefined) return { position, target }
    const seconds = (this.#now() - run.at) / 1000
    const blocksPerSecond = seconds > 0 ? (position - run.position) / seconds : 0
    if (position >= target) {
      this.#run = undefined
      this.#logger.info({ position, blocks: position - run.position, seconds: Math.round(seconds) }, 'L1 is read')
      return { position, target }
    }
    if (blocksPerSecond <= 0) return { position, target }
    const etaSeconds = Math.ceil((target - position) / blocksPerSecond)
    if (this.#now() - run.toldAt >= TELL_EVERY_MS) {
      run.toldAt = this.#now()
      const percent = Math.floor((100 * (position - run.position)) / (target - run.position))
      const rate = Math.round(blocksPerSecond * 10) / 10
      this.#logger.info({ position, target, percent, blocksPerSecond: rate, etaSeconds }, 'reading L1')
    }
    return { position, target, etaSeconds }
  }
}
