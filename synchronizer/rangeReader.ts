import type { Logger } from '#common/logger.ts'
import { RangeRefusedError } from '#etherman/errors.ts'
import type { Etherman, L1Block, L1BlockEvents } from '#etherman/types.ts'

/** Events of L1 blocks `fromBlock` to `toBlock`. `end` is the last block as it was before they were read. */
export type ReadRange = { fromBlock: number; toBlock: number; end: L1Block | undefined; found: L1BlockEvents[] }

type Ahead = { fromBlock: number; toBlock: number; read: Promise<ReadRange> }
type Options = {
  etherman: Pick<Etherman, 'getBlock' | 'readEvents'>
  maxBlockRange: number
  /** Ranges that are read at once when there are many to read. */
  parallelRanges: number
  logger: Logger
}

/** A size that was refused is tried again after so many ranges of half of it. */
const RANGES_BEFORE_RETRY = 32

/**
 * Reads ranges of L1 blocks ahead of what is asked for, and gives them in order. A range that is refused is halved, or
 * as large as the endpoint says; what is not refused doubles.
 */
export class RangeReader {
  readonly #options: Options
  #size: number
  #refused = Number.POSITIVE_INFINITY
  /** Ranges of this size that were read. */
  #successes = 0
  #ahead: Ahead[] = []

  constructor(options: Options) {
    this.#options = options
    this.#size = options.maxBlockRange
  }

  /** The range that begins at a block, up to `head` at most. @throws {RangeRefusedError} for a single block */
  async next(fromBlock: number, head: L1Block): Promise<ReadRange> {
    for (;;) {
      if (this.#ahead[0]?.fromBlock !== fromBlock) this.drop()
      this.#readAhead(fromBlock, head)
      const { toBlock, read } = this.#ahead.shift()!
      try {
        const range = await read
        this.#accepted(toBlock - fromBlock + 1)
        return range
      } catch (error) {
        this.drop()
        const blocks = toBlock - fromBlock + 1
        if (!(error instanceof RangeRefusedError) || blocks === 1) throw error
        this.#shrink(blocks, error.allowedBlocks)
        this.#options.logger.warn({ fromBlock, toBlock, range: this.#size }, 'L1 refused the range; asking for less')
      }
    }
  }

  /** Forgets what was read ahead: L1 has changed. */
  drop(): void {
    this.#ahead = []
  }

  /** One at first and after a refusal, for the next would be refused too. */
  #readAhead(fromBlock: number, head: L1Block): void {
    const wanted = this.#successes === 0 ? 1 : this.#options.parallelRanges
    let next = (this.#ahead.at(-1)?.toBlock ?? fromBlock - 1) + 1
    while (this.#ahead.length < wanted && next <= head.number) {
      const range = { fromBlock: next, toBlock: Math.min(head.number, next + this.#size - 1) }
      const read = this.#read(range, head)
      read.catch(() => {}) // heard when it is this one's turn
      this.#ahead.push({ ...range, read })
      next = range.toBlock + 1
    }
  }

  async #read(range: { fromBlock: number; toBlock: number }, head: L1Block): Promise<ReadRange> {
    const { etherman } = this.#options
    const end = range.toBlock === head.number ? head : await etherman.getBlock(range.toBlock)
    return { ...range, end, found: await etherman.readEvents(range) }
  }

  #shrink(refused: number, allowed = Number.POSITIVE_INFINITY): void {
    this.#refused = Math.min(refused, allowed + 1)
    this.#size = Math.max(1, allowed < refused ? allowed : Math.floor(refused / 2))
    this.#successes = 0
  }

  #accepted(blocks: number): void {
    if (blocks >= this.#refused) this.#refused = Number.POSITIVE_INFINITY
    this.#successes++
    const larger = Math.min(this.#options.maxBlockRange, this.#size * 2)
    if (larger >= this.#refused && this.#successes < RANGES_BEFORE_RETRY) return
    if (larger === this.#size) return
    this.#size = larger
    this.#successes = larger >= this.#refused ? 0 : this.#successes
  }
}
