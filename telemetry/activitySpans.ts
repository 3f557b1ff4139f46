import type { Context } from '@temporalio/activity'
import type { ActivityInboundCallsInterceptor, ActivityInterceptors } from '@temporalio/worker'
import type { Telemetry } from './telemetry.ts'

/** A span is made in the trace of each batch that an activity is about; of wider ranges in that of the last ones. */
const MAX_BATCHES = 100

/** The step that comes first in the life of a batch: the span that the others hang on. */
const FIRST = 'collectBatch'

type Range = { fromBatch: number; toBatch: number }

/** Spans of activities that are about batches: nothing is carried to them, the trace of a batch follows from its number. */
export const activitySpans =
  (telemetry: Telemetry) =>
  ({ info }: Context): ActivityInterceptors => ({
    inbound: {
      async execute(input, next) {
        const range = findRange(input.args, info.workflowExecution?.workflowId)
        if (range === undefined) return await next(input)
        const startedAt = Date.now()
        const tell = (more: { attributes?: object; error?: string }) => {
          const attributes = {
            'temporal.workflow_id': info.workflowExecution?.workflowId ?? '',
            'temporal.activity_type': info.activityType,
            'temporal.task_queue': info.taskQueue,
            'temporal.attempt': info.attempt,
            ...more.attributes,
          }
          const { error } = more
          const isRoot = info.activityType === FIRST && error === undefined
          const span = { name: info.activityType, startedAt, endedAt: Date.now(), error }
          const first = Math.max(range.fromBatch, range.toBatch - MAX_BATCHES + 1)
          for (let batch = first; batch <= range.toBatch; batch++)
            telemetry.tell(
              telemetry.batch(batch),
              { ...span, attributes: { ...attributes, 'zknode.batch': batch } },
              { isRoot },
            )
        }
        try {
          const result = await next(input)
          tell({ attributes: factsOf(result) })
          return result
        } catch (error) {
          tell({ error: (error as Error).message })
          throw error
        }
      },
    } satisfies ActivityInboundCallsInterceptor,
  })

/** Of what the activity was given, else of its workflow's id. */
function findRange([input]: readonly unknown[], workflowId = ''): Range | undefined {
  const given = (typeof input === 'object' && input !== null ? input : {}) as Partial<Range> & { batchNumber?: number }
  const { batchNumber, fromBatch = batchNumber, toBatch = batchNumber } = given
  if (typeof fromBatch === 'number' && typeof toBatch === 'number') return { fromBatch, toBatch }
  const [, first, last = first] = /^(?:batch|proof|l1-[a-z]+)-(\d+)(?:-(\d+))?$/.exec(workflowId) ?? []
  return first === undefined ? undefined : { fromBatch: Number(first), toBatch: Number(last) }
}

function factsOf(result: unknown): Record<string, string> {
  const { l1TxHash } = (typeof result === 'object' && result !== null ? result : {}) as { l1TxHash?: unknown }
  return typeof l1TxHash === 'string' ? { 'zknode.l1_tx_hash': l1TxHash } : {}
}
