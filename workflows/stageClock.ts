import { proxySinks } from '@temporalio/workflow'
import type { Attention, BatchStatus, EndedStage, StageSinks } from './messages.ts'

const { stages } = proxySinks<StageSinks>()

/** Tells of each stage when it ends, to a sink of the worker: nothing of it is in the history, so replays do not see it. */
export function createStageClock(batchNumber: number, first: BatchStatus | undefined) {
  const begin = (stage: BatchStatus, attention?: Attention) => ({
    batchNumber,
    stage,
    attention,
    startedAt: Date.now(),
  })
  let current: Omit<EndedStage, 'endedAt'> | undefined = first && begin(first)
  return {
    /** What asks for somebody makes a stage of its own. */
    enter(stage: BatchStatus, attention?: Attention): void {
      if (current?.stage === stage && current.attention === attention) return
      if (current !== undefined) stages.ended({ ...current, endedAt: Date.now() })
      current = begin(stage, attention)
    },
  }
}
