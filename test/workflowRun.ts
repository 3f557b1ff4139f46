import { Context, heartbeat } from '@temporalio/activity'
import { Client, Connection, type WorkflowHandle } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { vi } from 'vitest'
import type { AcceptanceActivities } from '#activities/acceptance.ts'
import type { AggregationActivities } from '#activities/aggregation.ts'
import type { BatchActivities } from '#activities/batches.ts'
import type { CheckingActivities } from '#activities/checking.ts'
import type { L1SendingActivities } from '#activities/l1Sending.ts'
import type { ProofJobActivities } from '#activities/proofJobs.ts'
import type { ProvingActivities } from '#activities/proving.ts'
import type { PruningActivities } from '#activities/pruning.ts'
import type { SequencingActivities } from '#activities/sequencing.ts'
import type { SynchronizingActivities } from '#activities/synchronizing.ts'
import { stageSpans } from '#telemetry/stageSpans.ts'
import type { Telemetry } from '#telemetry/telemetry.ts'
import { buildWorkflowBundle } from '#workers/workflowBundle.ts'
import { SEARCH_ATTRIBUTE, TASK_QUEUE } from '#workflows/messages.ts'
import { createTestNamespace } from './temporal.ts'

/** Stands in histories where a process would write its number and its machine. */
export const TEST_IDENTITY = 'test'

/** What a test puts in the place of the activities, by the task queue that the workflows expect them on. */
export type FakeActivities = {
  batch?: Partial<BatchActivities & AggregationActivities & ProofJobActivities & AcceptanceActivities>
  sequencer?: Partial<SequencingActivities>
  synchronizer?: Partial<SynchronizingActivities & CheckingActivities & PruningActivities>
  l1?: Partial<L1SendingActivities>
  prover?: Partial<ProvingActivities>
}

export type WorkflowRun = {
  client: Client
  /** Serves other task queues as well. Gives what ends that. */
  serve: (queues: Record<string, object>) => Promise<() => Promise<void>>
  /** Does something while no worker runs; new ones continue from the histories. */
  whileAway: (act: () => Promise<void>) => Promise<void>
  stop: () => Promise<void>
}

/** Runs the real workflows with fake activities, in a namespace of its own. A queue without fakes has no worker. */
export async function runWorkflows(fakes: FakeActivities, telemetry?: Telemetry): Promise<WorkflowRun> {
  Runtime.install({
    logger: new DefaultLogger('ERROR'), // tests make workflows warn on purpose
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
  })
  const { address, namespace } = await createTestNamespace()
  const connection = await Connection.connect({ address })
  const native = await NativeConnection.connect({ address })
  const common = {
    ...{ connection: native, namespace, identity: TEST_IDENTITY, shutdownGraceTime: 0 },
    stickyQueueScheduleToStartTimeout: '1 second',
    sinks: stageSpans(telemetry),
  } as const
  const workflowBundle = { codePath: await buildWorkflowBundle() }
  const queues = Object.keys(TASK_QUEUE) as (keyof typeof TASK_QUEUE)[]
  const startWorkers = async () => {
    const workers = await Promise.all(
      queues
        .filter((queue) => queue === 'batch' || fakes[queue] !== undefined)
        .map((queue) =>
          Worker.create({
            ...common,
            taskQueue: TASK_QUEUE[queue],
            activities: { ...fakes[queue] },
            ...(queue === 'batch' ? { workflowBundle } : {}),
          }),
        ),
    )
    const running = Promise.all(workers.map((worker) => worker.run()))
    return async () => {
      for (const worker of workers) worker.shutdown()
      await running
    }
  }
  let stopWorkers = await startWorkers()
  return {
    client: new Client({ connection, namespace, identity: TEST_IDENTITY }),
    serve: async (queues) => {
      const workers = await Promise.all(
        Object.entries(queues).map(([taskQueue, activities]) => Worker.create({ ...common, taskQueue, activities })),
      )
      const running = Promise.all(workers.map((worker) => worker.run()))
      return async () => {
        for (const worker of workers) worker.shutdown()
        await running
      }
    },
    whileAway: async (act) => {
      await stopWorkers()
      await act()
      stopWorkers = await startWorkers()
    },
    stop: async () => {
      await stopWorkers()
      await native.close()
      await connection.close()
    },
  }
}

/** Polls until the assertion holds; its failure is the test's. */
export const eventually = <T>(assertion: () => T | Promise<T>, timeoutMs = 20_000): Promise<T> =>
  vi.waitFor(assertion, { timeout: timeoutMs, interval: 25 })

/** All values that a search attribute was set to, in order, null where it was cleared; without repetitions. */
export async function attributeHistory(
  handle: WorkflowHandle,
  name: keyof typeof SEARCH_ATTRIBUTE,
): Promise<(string | number | null)[]> {
  const { events } = await handle.fetchHistory()
  const values: (string | number | null)[] = []
  for (const event of events ?? []) {
    const attributes =
      event.upsertWorkflowSearchAttributesEventAttributes?.searchAttributes ??
      event.workflowExecutionStartedEventAttributes?.searchAttributes
    const payload = attributes?.indexedFields?.[SEARCH_ATTRIBUTE[name].name]
    if (payload === undefined) continue
    const value = payload.data?.length ? JSON.parse(new TextDecoder().decode(payload.data)) : null
    if (values.at(-1) !== value) values.push(value)
  }
  return values
}

/** Signals that a workflow tried to send to others, as `workflowId signalName`, in order. */
export async function signalsSent(handle: WorkflowHandle): Promise<string[]> {
  const { events } = await handle.fetchHistory()
  return (events ?? []).flatMap(({ signalExternalWorkflowExecutionInitiatedEventAttributes: signal }) =>
    signal == null ? [] : [`${signal.workflowExecution?.workflowId} ${signal.signalName}`],
  )
}

/** An activity that lives until it is cancelled. */
export async function untilCancelled(): Promise<never> {
  const timer = setInterval(() => heartbeat(), 100)
  try {
    return await Context.current().cancelled
  } finally {
    clearInterval(timer)
  }
}
