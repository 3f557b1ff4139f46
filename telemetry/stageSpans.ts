import type { InjectedSinks } from '@temporalio/worker'
import type { StageSinks } from '#workflows/messages.ts'
import type { Telemetry } from './telemetry.ts'

/** Spans of the stages of a batch's workflow, in the trace of the batch. A worker of workflows needs them without traces too. */
export const stageSpans = (telemetry: Telemetry | undefined): InjectedSinks<StageSinks> => ({
  stages: {
    ended: {
      callDuringReplay: false,
      fn({ workflowId, runId }, { batchNumber, stage, attention, startedAt, endedAt }) {
        telemetry?.tell(telemetry.batch(batchNumber), {
          ...{ name: stage, startedAt, endedAt, error: attention },
          attributes: {
            'temporal.workflow_id': workflowId,
            'temporal.run_id': runId,
            'zknode.batch': batchNumber,
            ...(attention === undefined ? {} : { 'zknode.attention': attention }),
          },
        })
      },
    },
  },
})
