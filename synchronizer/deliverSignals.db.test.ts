import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { findSignals } from '#db/outbox.ts'
import { l1Blocks } from '#db/schema.ts'
import { adoptBatches } from './adoptBatches.ts'
import { deliverSignals } from './deliverSignals.ts'
import { SynchronizerFixture, verification } from './fixture.ts'

let node: SynchronizerFixture
beforeAll(async () => {
  node = await SynchronizerFixture.open()
})
beforeEach(() => node.reset())
afterAll(() => node.close())

/** Stands in for Temporal's client: knows which workflows run and writes down what it is asked. */
class FakeWorkflows {
  readonly calls: string[] = []
  readonly starts: unknown[] = []
  readonly running = new Set<string>()
  failAt: string | undefined

  signalWithStart(_type: string, options: { workflowId: string; signal: string; args: unknown[] }) {
    this.#call(`start ${options.workflowId} ${options.signal}`)
    this.starts.push(options.args)
    this.running.add(options.workflowId)
  }

  getHandle(workflowId: string) {
    return {
      describe: async () => {
        if (!this.running.has(workflowId)) throw new WorkflowNotFoundError('not found', workflowId, undefined)
      },
      signal: async (signal: string, ...args: unknown[]) => {
        if (!this.running.has(workflowId)) throw new WorkflowNotFoundError('not found', workflowId, undefined)
        this.#call(`signal ${workflowId} ${signal} ${JSON.stringify(args)}`)
      },
    }
  }

  #call(call: string) {
    if (call === this.failAt) throw new Error('Temporal is away')
    this.calls.push(call)
  }
}

const deliver = (workflows: FakeWorkflows) =>
  deliverSignals(node.db, { workflow: workflows as unknown as Client['workflow'] }, 9)

test('a batch that L1 sequenced gets its workflow; singletons that are away are passed over', async () => {
  node.l1.mine([node.sequence()])
  await node.poll()
  const workflows = new FakeWorkflows()
  expect(await deliver(workflows)).toBe(3)
  expect(workflows.calls).toEqual(['start batch-1 l1Virtualized', 'start batch-2 l1Virtualized'])
  expect(workflows.starts[0]).toEqual([{ batchNumber: 1, forkId: 9, startAt: 'virtual', form: 3 }])
  expect(await findSignals(node.db)).toEqual([])
  expect(await deliver(workflows)).toBe(0)
})

test('a batch that is verified already gets none', async () => {
  node.l1.mine([node.sequence()])
  node.l1.mine([verification(2, node.rootAfter(1))])
  await node.poll()
  const workflows = new FakeWorkflows()
  await deliver(workflows)
  expect(workflows.calls).toEqual([])
  expect(await findSignals(node.db)).toEqual([])
})

test('a closed batch that was not checked begins with its check, on L1 or not', async () => {
  await node.closeOwnBatch()
  const workflows = new FakeWorkflows()
  expect(await adoptBatches(node.db, { workflow: workflows as unknown as Client['workflow'] })).toEqual([1])
  await deliver(workflows)
  expect(workflows.calls).toEqual(['start batch-1 l1Reorged'])
  expect(workflows.starts).toEqual([[{ batchNumber: 1, forkId: 9, startAt: 'collect', form: 3 }]])
  node.l1.mine([node.sequence()])
  await node.poll()
  const others = new FakeWorkflows()
  await deliver(others)
  expect(others.starts).toEqual([
    [{ batchNumber: 1, forkId: 9, startAt: 'collect', form: 3 }],
    [{ batchNumber: 2, forkId: 9, startAt: 'virtual', form: 3 }],
  ])
})

test('what could not be delivered stays, in order, and nothing after it goes first', async () => {
  node.l1.mine([node.sequence()])
  await node.poll()
  const workflows = new FakeWorkflows()
  workflows.running.add('sequence-sender')
  workflows.failAt = 'start batch-2 l1Virtualized'
  await expect(deliver(workflows)).rejects.toThrow('Temporal is away')
  expect((await node.signals()).at(0)).toBe('l1Virtualized → batch-2')
  workflows.failAt = undefined
  await deliver(workflows)
  expect(workflows.calls).toEqual([
    'start batch-1 l1Virtualized',
    'start batch-2 l1Virtualized',
    'signal sequence-sender l1Progressed []',
  ])
})

test('a reorg is told to workflows that run, with the L1 block from which all is gone', async () => {
  node.l1.mine([node.sequence([node.dataOf(0)])])
  await node.poll()
  const workflows = new FakeWorkflows()
  await deliver(workflows)
  workflows.running.add('aggregator')
  workflows.calls.length = 0
  node.l1.drop(1)
  node.l1.mine()
  await node.poll()
  await deliver(workflows)
  expect(workflows.calls).toEqual(['signal batch-1 l1Reorged [{"fromL1Block":2}]', 'signal aggregator l1Progressed []'])
  expect(await node.db.select().from(l1Blocks)).toHaveLength(2)
})

test('a batch that was done with gets its workflow again when a reorg takes its verification, or its sequence', async () => {
  await node.closeOwnBatch()
  node.l1.mine([node.sequence([node.dataOf(0)])])
  const verified = verification(1, node.rootAfter(0))
  node.l1.mine([verified])
  await node.poll()
  await deliver(new FakeWorkflows())
  node.l1.drop(1)
  node.l1.mine()
  await node.poll()
  const workflows = new FakeWorkflows()
  await deliver(workflows)
  expect(workflows.calls).toEqual(['start batch-1 l1Virtualized'])

  node.l1.drop(2)
  node.l1.mineEmpty(2)
  await node.poll()
  const later = new FakeWorkflows()
  await deliver(later)
  expect(later.calls).toEqual(['start batch-1 l1Reorged'])
})

test('a batch that is undone is told, and begins anew when it was done with', async () => {
  await node.closeOwnBatch() // rests on a leaf of L1 block 1
  node.l1.drop(1)
  node.l1.mineEmpty(2)
  await node.poll()
  const workflows = new FakeWorkflows()
  workflows.running.add('synchronizer')
  await deliver(workflows)
  expect(workflows.calls[0]).toBe('start batch-1 trustedBatchReplaced')
  expect(workflows.calls[1]).toContain('signal synchronizer trustedBatchesReplaced')
  expect(workflows.starts).toEqual([[{ batchNumber: 1, forkId: 9, startAt: 'collect', form: 3 }]])
})

test('… as what L1 has in its place', async () => {
  await node.closeOwnBatch({ batchL2Data: Uint8Array.of(1) })
  node.l1.mine([node.sequence([node.dataOf(0)])])
  await node.poll()
  const workflows = new FakeWorkflows()
  await deliver(workflows)
  expect(workflows.calls).toEqual(['start batch-1 trustedBatchReplaced', 'start batch-1 l1Virtualized'])
  expect(workflows.starts[0]).toMatchObject([{ startAt: 'virtual' }])
})
