import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { expect, test } from 'vitest'
import { createTestNamespace } from '#test/temporal.ts'
import { PRIORITY } from '#workflows/messages.ts'

test('of jobs that wait, final proofs go before joins and joins before proofs of batches', async () => {
  const { address, namespace } = await createTestNamespace()
  const native = await NativeConnection.connect({ address })
  const connection = await Connection.connect({ address })
  const client = new Client({ connection, namespace })
  const started: string[] = []
  const work = async (name: string) => void started.push(name)
  const common = { connection: native, namespace }
  const workflows = await Worker.create({
    ...{ ...common, taskQueue: 'workflows' },
    workflowsPath: fileURLToPath(new URL('./sharedSlots.fixture.ts', import.meta.url)),
  })
  await workflows.runUntil(async () => {
    const jobs = [
      ...[1, 2, 3, 4].map((number) => ({ name: `batch ${number}`, priorityKey: PRIORITY.batch })),
      { name: 'joined', priorityKey: PRIORITY.joined },
      { name: 'final', priorityKey: PRIORITY.final },
    ].map((job) => ({ ...job, queue: 'provers' }))
    const handle = await client.workflow.start('workOnQueues', {
      ...{ workflowId: 'jobs', taskQueue: 'workflows', args: [jobs] },
    })
    const waiting = async () => {
      const request = { namespace, taskQueue: { name: 'provers' }, taskQueueType: 2, reportStats: true } as const
      return Number((await connection.workflowService.describeTaskQueue(request)).stats?.approximateBacklogCount ?? 0)
    }
    while ((await waiting()) < jobs.length) await new Promise((resolve) => setTimeout(resolve, 50))
    const provers = await Worker.create({
      ...{ ...common, taskQueue: 'provers', activities: { work } },
      maxConcurrentActivityTaskExecutions: 1,
    })
    await provers.runUntil(handle.result())
  })
  expect(started.slice(0, 2)).toEqual(['final', 'joined'])
  expect(started.slice(2).toSorted()).toEqual(['batch 1', 'batch 2', 'batch 3', 'batch 4'])
  await native.close()
  await connection.close()
})
