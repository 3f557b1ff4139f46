import { Context } from '@temporalio/activity'
import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { L1SendingActivities } from '#activities/l1Sending.ts'
import type { NodeError } from '#common/errors.ts'
import { L1SignerMismatchError, L1SignerRefusedError } from '#etherman/errors.ts'
import {
  L1BalanceTooLowError,
  L1FeeLimitError,
  L1RefusedError,
  SequenceRevertedError,
  VerificationHeldError,
} from '#etherman/reverts.ts'
import type { Cancellation } from '#etherman/transactionSender.ts'
import { hashOf } from '#test/blocks.ts'
import { recordHistory } from '#test/recordHistories.ts'
import { attributeHistory, eventually, runWorkflows, type WorkflowRun } from '#test/workflowRun.ts'
import type { l1TransactionWorkflow } from './l1Transaction.ts'
import * as messages from './messages.ts'

const place = { l1BlockNumber: 7, l1TxHash: hashOf(7) }
const progress = (attempts: number): messages.L1TransactionProgress => ({
  ...{ nonce: 3, l1TxHash: hashOf(attempts), maxFeePerGas: `${attempts}00`, maxPriorityFeePerGas: '1' },
  ...{ attempts, feeLimited: false },
})

/** An L1 that fails as often as it is told to, or keeps a transaction until that is cancelled. */
let failures: NodeError[] = []
let stuck = false
let tries = 0
let cancellation: Cancellation = { outcome: 'nothing to cancel' }
let cancelled: string[] = []
let verifications: object[] = []
const activities: Pick<L1SendingActivities, 'sendSequence' | 'sendVerification' | 'cancelL1Transaction'> = {
  async sendSequence() {
    tries++
    const failure = failures.shift()
    if (failure !== undefined) throw failure
    if (!stuck) return place
    const context = Context.current()
    const timer = setInterval(() => context.heartbeat(), 20)
    return await context.cancelled.finally(() => clearInterval(timer))
  },
  async sendVerification(verification) {
    verifications.push(verification)
    if (verification.afterRevert) return place
    throw new VerificationHeldError('L1 reverted the last one.')
  },
  async cancelL1Transaction({ job }) {
    cancelled.push(job)
    return cancellation
  },
}

let run: WorkflowRun
beforeAll(async () => {
  run = await runWorkflows({ l1: activities })
})
afterAll(() => run?.stop())
beforeEach(() => {
  ;[failures, stuck, tries, cancelled, verifications] = [[], false, 0, [], []]
})

let count = 0
type Handle = WorkflowHandle<typeof l1TransactionWorkflow>
const start = (input: Partial<messages.L1TransactionInput> = {}): Promise<Handle> =>
  run.client.workflow.start<typeof l1TransactionWorkflow>('l1TransactionWorkflow', {
    workflowId: `l1-test-${++count}`,
    taskQueue: messages.TASK_QUEUE.batch,
    args: [{ purpose: 'sequence', fromBatch: 5, toBatch: 9, retryParkedMs: 3_600_000, ...input } as never],
  })
const attention = async (handle: Handle) =>
  (await handle.describe()).typedSearchAttributes.get(messages.SEARCH_ATTRIBUTE.attention) ?? null
const stateOf = (handle: Handle) => handle.query(messages.l1TransactionState)

test('shows what is out there, and ends with where L1 has it', async () => {
  stuck = true
  const handle = await start()
  await eventually(() => expect(tries).toBe(1))
  await handle.signal(messages.l1TransactionProgressed, progress(1))
  await handle.signal(messages.l1TransactionProgressed, progress(2))
  await eventually(async () =>
    expect(await stateOf(handle)).toEqual({ job: 'sequence-5-9', status: 'sending', tries: 1, ...progress(2) }),
  )
  expect((await handle.describe()).searchAttributes).toMatchObject({ ZkL1TxHash: [hashOf(2)] })
  await handle.terminate()
  stuck = false
  const other = await start()
  expect(await other.result()).toEqual(place)
  expect(await stateOf(other)).toMatchObject({ status: 'mined', tries: 1, ...place })
  await recordHistory('l1-transaction', other)
})

test('tries a few times in silence, then asks for an operator, and again on request', async () => {
  failures = Array.from({ length: 4 }, (_, index) => new L1RefusedError(`No, ${index}.`))
  const handle = await start({ maxTries: 3 })
  await eventually(async () => expect(await attention(handle)).toBe('l1-refused'), 15_000)
  expect(tries).toBe(3)
  expect(await stateOf(handle)).toMatchObject({ status: 'waiting', tries: 3, lastError: 'No, 2.' })
  expect(await handle.executeUpdate(messages.retryL1Transaction)).toBe('Try 4 of sequence-5-9 started.')
  await eventually(async () => expect((await stateOf(handle)).status).toBe('waiting'))
  await handle.executeUpdate(messages.retryL1Transaction)
  expect(await handle.result()).toEqual(place)
  expect(await attributeHistory(handle, 'attention')).toEqual([null, 'l1-refused', null])
  await expect(handle.executeUpdate(messages.retryL1Transaction)).rejects.toThrow()
  await recordHistory('l1-transaction-refused-and-retried', handle)
})

test.each([
  [new L1BalanceTooLowError('Fund it.', { facts: { missingWei: '5' } }), 'l1-balance-low', 1],
  [new L1FeeLimitError('Too dear.'), 'l1-fee-limit', 2],
  [new L1SignerRefusedError('No such account.'), 'l1-signer-refused', 2],
  [new L1SignerMismatchError('Another transaction.'), 'l1-signer-refused', 2],
] as const)('%s asks for an operator, and goes away by itself', async (failure, needs, triesBefore) => {
  failures = Array.from({ length: triesBefore }, () => failure)
  const handle = await start({ maxTries: 2, retryParkedMs: 1500 })
  await eventually(async () => expect(await attention(handle)).toBe(needs), 10_000)
  expect((await stateOf(handle)).lastError).toBe(failure.message)
  expect(await handle.result()).toEqual(place)
})

test('after a verification that reverted on L1 only an operator has another one sent', async () => {
  const verification = { fromBatch: 5, toBatch: 9, proofId: 'final' }
  const handle = await start({ purpose: 'verify', ...verification, retryParkedMs: 500 })
  await eventually(() => expect(verifications.length).toBeGreaterThan(2))
  expect(await attention(handle)).toBe('verification-failed')
  expect(new Set(verifications.map((each) => JSON.stringify(each)))).toEqual(new Set([JSON.stringify(verification)]))
  await eventually(() => handle.executeUpdate(messages.retryL1Transaction))
  expect(await handle.result()).toEqual(place)
  expect(verifications.at(-1)).toEqual({ ...verification, afterRevert: true })
  await recordHistory('l1-transaction-held', handle)
})

test('what a contract refuses ends it, for whoever plans what to send', async () => {
  failures = [new SequenceRevertedError('L1 refused the sequence.', { facts: { revert: 'BatchNotAllowed' } })]
  const handle = await start()
  await expect(handle.result()).rejects.toMatchObject({ cause: { cause: { type: 'SequenceRevertedError' } } })
  expect(await stateOf(handle)).toMatchObject({
    status: 'failed',
    lastError: expect.stringContaining('BatchNotAllowed'),
  })
  await recordHistory('l1-transaction-reverted', handle)
})

test('is cancelled on request while it waits for L1, and fails by that name', async () => {
  stuck = true
  cancellation = { outcome: 'cancelled', l1TxHash: hashOf(8), l1BlockNumber: 8 }
  const handle = await start()
  await eventually(() => expect(tries).toBe(1))
  expect(await handle.executeUpdate(messages.cancelL1Transaction)).toBe(`sequence-5-9 is cancelled: ${hashOf(8)}.`)
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: messages.CANCELLED_FAILURE } })
  expect(cancelled).toEqual(['sequence-5-9'])
  await recordHistory('l1-transaction-cancelled', handle)
})

test('is mined all the same when L1 was faster than the operator', async () => {
  stuck = true
  cancellation = { outcome: 'mined', ...place }
  const handle = await start()
  await eventually(() => expect(tries).toBe(1))
  expect(await handle.executeUpdate(messages.cancelL1Transaction)).toBe(`sequence-5-9 is mined: ${place.l1TxHash}.`)
  expect(await handle.result()).toEqual(place)
})

test('is cancelled while it waits for its next try', async () => {
  failures = [new L1BalanceTooLowError('Fund it.')]
  cancellation = { outcome: 'nothing to cancel' }
  const handle = await start()
  await eventually(async () => expect(await attention(handle)).toBe('l1-balance-low'))
  await handle.executeUpdate(messages.cancelL1Transaction)
  await expect(handle.result()).rejects.toMatchObject({ cause: { type: messages.CANCELLED_FAILURE } })
  expect(await attention(handle)).toBeNull()
  expect(tries).toBe(1)
})
