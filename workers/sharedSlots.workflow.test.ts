import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestNamespace } from '#test/temporal.ts'
import { createSharedSlots, inSharedSlots } from './sharedSlots.ts'

const QUEUES = ['one', 'two', 'three']
let native: NativeConnection
let connection: Connection
let namespace: string
beforeAll(async () => {
  const place = await createTestNamespace()
  namespace = place.namespace
  native = await NativeConnection.connect({ address: place.address })
  connection = await Connection.connect({ address: place.address })
})
afterAll(async () => {
  await native?.close()
  await connection?.close()
})

test('workers of several queues take no more tasks while their room is full, and all of them in the end', async () => {
  const ended: string[] = []
  let running = 0
  let most = 0
  let openGate = () => {}
  const gate = new Promise<void>((resolve) => {
    openGate = resolve
  })
  const activities = {
    async work(name: string) {
      most = Math.max(most, ++running)
      await gate
      running--
      ended.push(name)
    },
  }
  const slots = createSharedSlots(2)
  const common = { connection: native, namespace, activities, ...inSharedSlots(slots) }
  const workers = await Promise.all(QUEUES.map((taskQueue) => Worker.create({ ...common, taskQueue })))
  const runs = workers.map((worker) => worker.run())
  const client = new Client({ connection, namespace })
  const names = QUEUES.flatMap((queue) => [1, 2, 3, 4].map((number) => ({ queue, name: `${queue}-${number}` })))
  const workflows = await Worker.create({
    ...{ connection: native, namespace, taskQueue: 'workflows' },
    workflowsPath: fileURLToPath(new URL('./sharedSlots.fixture.ts', import.meta.url)),
  })
  runs.push(workflows.run())
  const workflow = await client.workflow.start('workOnQueues', {
    ...{ workflowId: 'work', taskQueue: 'workflows', args: [names] },
  })
  while (running < 2) await new Promise((resolve) => setTimeout(resolve, 20))
  openGate()
  await workflow.result()
  expect(ended.toSorted()).toEqual(names.map(({ name }) => name).toSorted())
  expect(most).toBeLessThanOrEqual(2 + QUEUES.length - 1)
  for (const worker of [...workers, workflows]) worker.shutdown()
  await Promise.all(runs)
})
