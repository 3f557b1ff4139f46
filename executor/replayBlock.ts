import { NodeError } from '#common/errors.ts'
import type { Address } from '#protocol/primitives.ts'
import type { Transaction } from '#protocol/transaction.ts'
import { type OpenBlockInput, openBlock, type Receipt } from './blockBuilder.ts'
import type { Pace } from './evm/pace.ts'
import type { TracedOutcome, TraceRecorder } from './tracers/recorder.ts'
import type { WorldState } from './worldState.ts'

/** A block that was made before does not come out again as it was. */
export class ReplayMismatchError extends NodeError {
  override readonly name = 'ReplayMismatchError'
}

/** An L2 block as it stands in its batch, invalid transactions left out. */
export type ReplayInput = Pick<OpenBlockInput, 'forkId' | 'chainId' | 'coinbase' | 'parentStateRoot' | 'opening'> & {
  transactions: readonly { transaction: Transaction; sender: Address; effectivePercentage: number }[]
}

type ReplayOptions = {
  /** At the state before the block; discard the block on it afterwards. */
  world: WorldState
  pace?: Pace | undefined
  /** Who watches the transaction at this position. */
  recorderOf?: (index: number) => TraceRecorder | undefined
}

/** One after the other, what the transactions of a block did; the world is then as that transaction left it. */
export async function* replayBlock(
  { transactions, ...input }: ReplayInput,
  { world, pace, recorderOf = () => undefined }: ReplayOptions,
): AsyncGenerator<Receipt> {
  const builder = await openBlock(input, { world, store: NEVER_CLOSED })
  for (const [index, { transaction, sender, effectivePercentage }] of transactions.entries()) {
    const tracer = recorderOf(index)?.tracer
    const result = await builder.execute(transaction, sender, effectivePercentage, { tracer, pace })
    if (result.kind !== 'included') {
      const why = result.kind === 'invalid' ? result.error : result.counter
      throw new ReplayMismatchError('A mined transaction does not run again.', { facts: { index, why } })
    }
    yield result.receipt
  }
}

/** What a recorder makes its answer of. */
export function outcomeOf({ transaction, gasUsed, status, returnData, counters }: Receipt): TracedOutcome {
  return { gasLimit: Number(transaction.gasLimit), gasUsed, success: status === 1, returnData, counters }
}

const NEVER_CLOSED = {
  getNodes: () => Promise.reject(new NodeError('A replayed block is never closed.')),
}
