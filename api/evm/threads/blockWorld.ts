import { createFollowingStateReader } from '#executor/followingStateReader.ts'
import { replayBlock } from '#executor/replayBlock.ts'
import { overrideState, type StateOverrides } from '#executor/stateOverrides.ts'
import { type StateDiff, WorldState } from '#executor/worldState.ts'
import { assertReplayed, readStoredBlock } from '../replayedBlock.ts'
import type { EvmBlock, JobContext, StateAt } from './job.ts'

/** Which transactions of a block: the first `txCount`. */
export type FirstTransactions = StateAt & { forkId: number; txCount: number }

/** Lends a world at the state that a block names, inside of it too; what is written there is undone or dropped. */
export async function withBlockWorld<T>(
  { state, forkId, txCount }: Pick<EvmBlock, 'state' | 'forkId' | 'txCount'>,
  overrides: StateOverrides | undefined,
  context: JobContext,
  work: (world: WorldState) => Promise<T>,
): Promise<T> {
  const { states } = context
  if (txCount === undefined) return await states.withWorld(state, work, overrides)
  const { parent, diff } = await runFirstTransactions({ ...state, forkId, txCount }, context)
  const reader = createFollowingStateReader(states.readerAt(parent))
  reader.add(diff)
  return await work(new WorldState(overrides === undefined ? reader : overrideState(reader, overrides)))
}

/** What a block changed by its opening and its first transactions. @throws {ReplayMismatchError} */
export async function runFirstTransactions(
  { txCount, ...place }: FirstTransactions,
  { db, states, chainId, pace }: JobContext,
): Promise<{ parent: StateAt; diff: StateDiff }> {
  const block = await readStoredBlock(db, { ...place, chainId })
  const { replay, parent } = block
  const input = { ...replay, transactions: replay.transactions.slice(0, txCount) }
  const diff = await states.withWorld(parent, async (world) => {
    let txIndex = 0
    for await (const receipt of replayBlock(input, { world, pace })) assertReplayed(block, txIndex++, receipt)
    return world.changes().diff
  })
  return { parent, diff }
}
