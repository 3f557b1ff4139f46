import { outcomeOf, replayBlock } from '#executor/replayBlock.ts'
import { createRecorder, type TracerSpec } from '#executor/tracers/createRecorder.ts'
import { TraceBudget } from '#executor/tracers/recorder.ts'
import type { BlockNumber, Hash } from '#protocol/primitives.ts'
import { assertReplayed, readStoredBlock } from '../../replayedBlock.ts'
import { MAX_TRACE_BYTES } from '../../traceConfig.ts'
import { type EvmJob, evmJob } from '../job.ts'
import { answerTooLarge } from './answerTooLarge.ts'

export type TraceBlockRequest = {
  blockNumber: BlockNumber
  hash: Hash
  forkId: number
  spec: TracerSpec
  /** Position of the only transaction that is traced; all of them when left out. */
  only?: number | undefined
}
/** The trace as JSON. */
export type TransactionTrace = { txIndex: number; txHash: Hash; json: string }

/** Runs a stored block again, up to the transaction asked for. @throws {ReplayMismatchError} */
export const traceBlockJob: EvmJob<TraceBlockRequest, TransactionTrace[]> = evmJob(
  async ({ spec, only, ...place }, { db, states, chainId, pace }) => {
    const block = await readStoredBlock(db, { ...place, chainId })
    const { parent, transactions, replay } = block
    const last = only ?? transactions.length - 1
    const input = { ...replay, transactions: replay.transactions.slice(0, last + 1) }
    const budget = new TraceBudget(MAX_TRACE_BYTES)
    const recorders = input.transactions.map((_, index) =>
      only === undefined || index === only ? createRecorder(spec, budget) : undefined,
    )
    const traces: TransactionTrace[] = []
    const state = { blockNumber: parent.blockNumber, hash: parent.hash }
    await states
      .withWorld(state, async (world) => {
        let txIndex = 0
        for await (const receipt of replayBlock(input, { world, pace, recorderOf: (index) => recorders[index] })) {
          assertReplayed(block, txIndex, receipt)
          const result = await recorders[txIndex]?.result(outcomeOf(receipt), world)
          if (result !== undefined)
            traces.push({ txIndex, txHash: transactions[txIndex]!.hash, json: JSON.stringify(result) })
          txIndex++
        }
      })
      .catch(answerTooLarge)
    return traces
  },
  { isTrace: true },
)
