import { type WorkflowHandle, WorkflowUpdateFailedError } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AcceptanceActivities } from '#activities/acceptance.ts'
import type { BatchActivities } from '#activities/batches.ts'
import { BatchCheckError, type CheckingActivities } from '#activities/checking.ts'
import type { PreparedJob } from '#activities/proofJobs.ts'
import type { SequencingActivities } from '#activities/sequencing.ts'
import type { Address } from '#protocol/primitives.ts'
import { ProofMismatchError } from '#prover/acceptance.ts'
import { ProofRefusedError } from '#prover/errors.ts'
import { hashOf } from '#test/blocks.ts'
import { recordHistory } from '#test/recordHistories.ts'
import {
  attributeHistory,
  eventually,
  runWorkflows,
  signalsSent,
  untilCancelled,
  type WorkflowRun,
} from '#test/workflowRun.ts'
import type { batchWorkflow } from './batch.ts'
import * as messages from './messages.ts'

type Batch = WorkflowHandle<typeof batchWorkflow>
type Fakes = Pick<SequencingActivities, 'collectBatch'> &
  CheckingActivities &
  Pick<BatchActivities, 'readBatch'> &
  Pick<AcceptanceActivities, 'acceptBatchProof'> & {
    proveBatch: (job: { batchNumber: number; round: number }) => Promise<{ proofId: string }>
    /** Where several have to attest. */
    attesters?: PreparedJob['attesters']
  }

const WELL: Fakes = {
  collectBatch: async () => ({ txCount: 3, blockCount: 2, closingReason: 'timeout' }),
  checkBatch: async () => ({ stateRoot: hashOf(7) }),
  proveBatch: async ({ batchNumber, round }) => ({ proofId: `batch-${batchNumber}-r${round}` }),
  acceptBatchProof: async () => {},
  readBatch: async () => ({ closed: true }),
}
/** What a batch of a test does otherwise, by its number. */
const otherwise = new Map<number, Partial<Fakes>>()
const fakesOf = ({ batchNumber }: { batchNumber: number }) => ({ ...WELL, ...otherwise.get(batchNumber) })

const attestersOf = (batchNumber: number): Pick<PreparedJob, 'attesters'> => {
  const { attesters } = fakesOf({ batchNumber })
  return attesters === undefined ? {} : { attesters }
}

let run: WorkflowRun
beforeAll(async () => {
  run = await runWorkflows({
    batch: {
      readBatch: (input) => fakesOf(input).readBatch(input),
      acceptBatchProof: (input) => fakesOf(input).acceptBatchProof(input),
      prepareBatchProof: async ({ batchNumber, round }) => ({
        ...{ proofId: `batch-${batchNumber}-r${round}`, fromBatch: batchNumber, toBatch: batchNumber },
        ...{ inputsKey: String(round), witnessKey: '' },
        ...attestersOf(batchNumber),
      }),
    },
    sequencer: { collectBatch: (input) => fakesOf(input).collectBatch(input) },
    synchronizer: { checkBatch: (input) => fakesOf(input).checkBatch(input) },
    prover: {
      proveBatch: async ({ fromBatch: batchNumber, inputsKey: round }) => {
        const made = await fakesOf({ batchNumber }).proveBatch({ batchNumber, round: Number(round) })
        return { partId: made.proofId }
      },
    },
  })
})
afterAll(() => run?.stop())

let lastBatch = 0
/** Starts a batch of the next number: nobody else's. */
function startBatch(fakes: Partial<Fakes> = {}, input: Partial<messages.BatchInput> = {}): Promise<Batch> {
  const batchNumber = ++lastBatch
  otherwise.set(batchNumber, fakes)
  return run.client.workflow.start<typeof batchWorkflow>('batchWorkflow', {
    workflowId: messages.batchWorkflowId(batchNumber),
    taskQueue: messages.TASK_QUEUE.batch,
    args: [{ batchNumber, forkId: 9, form: 3, ...input }],
    typedSearchAttributes: [{ key: messages.SEARCH_ATTRIBUTE.status, value: 'collecting' }],
  })
}
const reaches = (handle: Batch, status: messages.BatchStatus) =>
  eventually(async () => {
    const view = await handle.query(messages.batchState)
    expect(view.status).toBe(status)
    return view
  })
/** An operator's update: with one argument, or with none. */
const update = (handle: Batch, { name }: { name: string }, ...args: object[]): Promise<string> =>
  handle.executeUpdate<string, [unknown, ...unknown[]]>(name, { args: args as unknown as [unknown] })
/** A place on L1, told by its block. */
const l1 = (block: number): messages.L1Reference => ({ l1BlockNumber: block, l1TxHash: hashOf(block) })
const attribute = async (handle: Batch, name: keyof typeof messages.SEARCH_ATTRIBUTE) =>
  (await handle.describe()).typedSearchAttributes.get(messages.SEARCH_ATTRIBUTE[name] as never)
/** Where the jobs of the batch's proof were put. */
async function scheduledJobs(handle: Batch): Promise<{ taskQueue: string; priority: number }[]> {
  const { events } = await handle.fetchHistory()
  return (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: job }) =>
    job?.activityType?.name === 'proveBatch'
      ? [{ taskQueue: job.taskQueue!.name!, priority: job.priority!.priorityKey! }]
      : [],
  )
}
/** A prover that works until `finish` is called, or until it is told to stop. */
function slowProver() {
  const started: number[] = []
  const stopped: number[] = []
  const waiting = new Map<number, () => void>()
  const proveBatch: Fakes['proveBatch'] = async ({ batchNumber, round }) => {
    started.push(round)
    const finished = new Promise<void>((resolve) => waiting.set(round, resolve))
    await Promise.race([finished, untilCancelled().finally(() => stopped.push(round))])
    return { proofId: `batch-${batchNumber}-r${round}` }
  }
  return { proveBatch, started, stopped, finish: (round: number) => waiting.get(round)?.() }
}

test('a batch walks from collecting to verified, visible from outside', async () => {
  const handle = await startBatch()
  await reaches(handle, 'sequencing')
  await handle.signal(messages.l1Virtualized, l1(10))
  await reaches(handle, 'proven')
  expect(await attribute(handle, 'status')).toBe('proven')
  await handle.signal(messages.verificationStarted, { fromBatch: 1, toBatch: 1 })
  await reaches(handle, 'verifying')
  await handle.signal(messages.l1Verified, l1(12))
  expect(await handle.result()).toEqual({
    ...{ batchNumber: 1, status: 'verified', txCount: 3, blockCount: 2, closingReason: 'timeout' },
    ...{ stateRoot: hashOf(7), virtual: l1(10), proofId: 'batch-1-r1', proofRounds: 1, verified: l1(12) },
  })
  expect(await attributeHistory(handle, 'status')).toEqual(
    messages.BATCH_STATUSES.filter((status) => status !== 'proof-failed' && status !== 'virtual'),
  )
  expect(await attribute(handle, 'txCount')).toBe(3)
  expect(await attribute(handle, 'l1TxHash')).toBe(hashOf(10))
  expect(await attribute(handle, 'attention')).toBeUndefined()
  expect(await signalsSent(handle)).toEqual([]) // its activities told
  const { events } = await handle.fetchHistory()
  expect(events?.length).toBeLessThan(60)
  await recordHistory('batch-verified-3', handle)
})

test('a refused proof parks the batch until the operator retries', async () => {
  const rounds: number[] = []
  const handle = await startBatch({
    proveBatch: async ({ batchNumber, round }) => {
      rounds.push(round)
      if (round === 1) throw new ProofRefusedError('The inputs do not prove it.', { facts: { batchNumber } })
      return { proofId: `batch-${batchNumber}-r${round}` }
    },
  })
  await reaches(handle, 'sequencing')
  const early = update(handle, messages.retryProofNow, { note: 'too early' })
  await expect(early).rejects.toThrow(WorkflowUpdateFailedError)
  await expect(early).rejects.toMatchObject({ cause: { type: 'NotParkedError' } })
  await handle.signal(messages.retryProof, 'too early') // does not count for a failure to come
  await handle.signal(messages.l1Virtualized, l1(10))
  expect((await reaches(handle, 'proof-failed')).lastError).toContain('The inputs do not prove it.')
  expect(await attribute(handle, 'attention')).toBe('proof-failed')
  expect(rounds).toEqual([1])
  const answer = await update(handle, messages.retryProofNow, { note: 'prover repaired' })
  expect(answer).toContain('Round 2')
  const view = await reaches(handle, 'proven')
  expect(view).toMatchObject({ proofId: expect.stringMatching(/-r2$/), operatorNote: 'prover repaired' })
  expect(view).not.toHaveProperty('lastError')
  await handle.signal(messages.l1Verified, l1(12))
  await handle.result()
  expect(await attributeHistory(handle, 'attention')).toEqual([null, 'proof-failed', null])
  await recordHistory('batch-proof-failed-and-retried-3', handle)
})

test('a proof that is not of the State DB parks the batch; a signal retries many', async () => {
  const handle = await startBatch({
    acceptBatchProof: async ({ proofId }) => {
      if (proofId.endsWith('-r1')) throw new ProofMismatchError('Not our state root.', { facts: { proofId } })
    },
  })
  await handle.signal(messages.l1Virtualized, l1(10))
  expect((await reaches(handle, 'proof-failed')).lastError).toContain('Not our state root.')
  await handle.signal(messages.retryProof)
  await handle.signal(messages.retryProof)
  expect(await reaches(handle, 'proven')).toMatchObject({ proofRounds: 2 })
  await handle.signal(messages.l1Verified, l1(12))
  await handle.result()
})

test('where L1 asks for two attesters, two of three make the proof, each batch beginning with another', async () => {
  const [a, b, c] = [1, 2, 3].map((number) => `0x${String(number).repeat(40)}`) as [string, string, string]
  const accepted: string[][] = []
  const handle = await startBatch({
    attesters: { addresses: [a, b, c] as Address[], required: 2 },
    acceptBatchProof: async ({ parts }) => void accepted.push(parts),
  })
  await handle.signal(messages.l1Virtualized, l1(10))
  await eventually(async () =>
    expect((await scheduledJobs(handle)).map(({ taskQueue }) => taskQueue)).toEqual([
      messages.attesterQueue(a),
      messages.attesterQueue(b),
    ]),
  )
  const stop = await run.serve(
    Object.fromEntries(
      [a, b, c].map((attester) => [
        messages.attesterQueue(attester),
        {
          proveBatch: async ({ proofId }: { proofId: string }) => {
            if (attester === a) throw ApplicationFailure.nonRetryable('No room.', 'ProverFailedError')
            return { partId: `${proofId}-${attester}` }
          },
        },
      ]),
    ),
  )
  await reaches(handle, 'proven')
  const proofId = `batch-${lastBatch}-r1`
  expect(accepted.map((parts) => parts.sort())).toEqual([[`${proofId}-${b}`, `${proofId}-${c}`]])
  await stop()
  await handle.terminate()
})

test('an operator stops a proof, and has it made again by provers of one kind', async () => {
  const prover = slowProver()
  const handle = await startBatch({ proveBatch: prover.proveBatch })
  await handle.signal(messages.l1Virtualized, l1(10))
  await eventually(() => expect(prover.started).toEqual([1]))
  const cancelled = await update(handle, messages.cancelProof, { note: 'prover to be replaced' })
  expect(cancelled).toBe(`The proof of batch ${lastBatch} is cancelled.`)
  await eventually(() => expect(prover.stopped).toEqual([1]))
  expect(await reaches(handle, 'proof-failed')).toMatchObject({ lastError: 'Cancelled by an operator.' })
  await expect(update(handle, messages.cancelProof)).rejects.toThrow(WorkflowUpdateFailedError)
  await expect(update(handle, messages.moveProof, { proverKind: 'quantum' })).rejects.toThrow(WorkflowUpdateFailedError)
  await update(handle, messages.retryProofNow, { proverKind: 'remote' })
  const atQueue = (taskQueue: string, priority: number) =>
    eventually(async () => expect((await scheduledJobs(handle)).at(-1)).toEqual({ taskQueue, priority }))
  await atQueue('zk-prover-remote', 3) // and nobody is there
  await update(handle, messages.moveProof, { proverKind: 'any', priority: 1 })
  await eventually(() => expect(prover.started).toEqual([1, 2]))
  await atQueue('zk-prover', 1)
  prover.finish(2)
  expect(await reaches(handle, 'proven')).toMatchObject({ proofRounds: 2 })
  await recordHistory('batch-proof-cancelled-and-moved', handle)
  await handle.terminate()
})

test('a failed check parks the batch before it is sequenced', async () => {
  let failing = true
  const handle = await startBatch({
    checkBatch: async ({ batchNumber }) => {
      if (failing) throw new BatchCheckError('Another root.', { facts: { batchNumber } })
      return { stateRoot: hashOf(8) }
    },
  })
  await eventually(async () => expect(await attribute(handle, 'attention')).toBe('check-failed'))
  expect(await reaches(handle, 'sealed')).toMatchObject({ lastError: expect.stringContaining('Another root.') })
  const other = update(handle, messages.retryProofNow, {})
  await expect(other).rejects.toMatchObject({ cause: { type: 'NotParkedError' } })
  expect(await update(handle, messages.retryCheckNow)).toContain('Check of batch')
  await eventually(async () => expect(await attribute(handle, 'attention')).toBe('check-failed')) // failed again
  failing = false
  await update(handle, messages.retryCheckNow, { note: 'database restored' })
  const view = await reaches(handle, 'sequencing')
  expect(view).toMatchObject({ stateRoot: hashOf(8), operatorNote: 'database restored' })
  expect(view).not.toHaveProperty('lastError')
  expect(await attribute(handle, 'attention')).toBeUndefined()
  await handle.signal(messages.l1Virtualized, l1(10))
  await handle.signal(messages.l1Verified, l1(12))
  await handle.result()
  await recordHistory('batch-check-failed-and-retried-3', handle)
})

test('a sequence that L1 forgets after the proof is sequenced and proven again', async () => {
  const handle = await startBatch()
  await handle.signal(messages.l1Virtualized, l1(10))
  await reaches(handle, 'proven')
  await handle.signal(messages.l1Reorged, { fromL1Block: 11 }) // after the sequence: nothing of this batch
  await reaches(handle, 'proven')
  await handle.signal(messages.l1Reorged, { fromL1Block: 10 })
  const view = await reaches(handle, 'sequencing')
  await eventually(async () => expect(await signalsSent(handle)).toEqual(['sequence-sender batchSealed']))
  expect(view).not.toHaveProperty('virtual')
  expect(view).not.toHaveProperty('proofId')
  expect(await attribute(handle, 'l1TxHash')).toBeUndefined()
  await handle.signal(messages.l1Virtualized, l1(11))
  expect(await reaches(handle, 'proven')).toMatchObject({ proofRounds: 2, proofId: expect.stringMatching(/-r2$/) })
  expect(await attribute(handle, 'l1TxHash')).toBe(hashOf(11))
  await handle.signal(messages.l1Verified, l1(13))
  expect(await handle.result()).toMatchObject({ status: 'verified', virtual: l1(11) })
  await recordHistory('batch-reorged-after-proof-3', handle)
})

test('a sequence that L1 forgets during the proof stops it', async () => {
  const prover = slowProver()
  const handle = await startBatch(prover)
  await handle.signal(messages.l1Virtualized, l1(10))
  await eventually(() => expect(prover.started).toEqual([1]))
  await handle.signal(messages.l1Reorged, { fromL1Block: 9 })
  await reaches(handle, 'sequencing')
  await eventually(() => expect(prover.stopped).toEqual([1]))
  await handle.signal(messages.l1Virtualized, l1(11))
  await eventually(() => expect(prover.started).toEqual([1, 2]))
  prover.finish(2)
  expect(await reaches(handle, 'proven')).toMatchObject({ proofId: expect.stringMatching(/-r2$/) })
  await handle.signal(messages.l1Verified, l1(13))
  await handle.result()
  await recordHistory('batch-reorged-during-proof-3', handle)
})

const REPLACED = { undoing: 7, reason: 'L1 has another batch' }

test('a sealed batch that L1 replaces is collected anew, and says why', async () => {
  const summaries = [
    { txCount: 3, blockCount: 2, closingReason: 'timeout' },
    { txCount: 1, blockCount: 1, closingReason: 'again' },
  ]
  const checks: number[] = []
  const handle = await startBatch({
    collectBatch: async () => summaries.shift()!,
    checkBatch: async () => ({ stateRoot: hashOf(checks.push(0)) }),
  })
  await reaches(handle, 'sequencing')
  for (let times = 0; times < 2; times++) await handle.signal(messages.trustedBatchReplaced, REPLACED) // told twice
  await eventually(async () =>
    expect(await handle.query(messages.batchState)).toMatchObject({
      ...{ status: 'sequencing', txCount: 1, closingReason: 'again', stateRoot: hashOf(2), replaced: REPLACED.reason },
    }),
  )
  await eventually(async () => expect(await attribute(handle, 'attention')).toBe('trusted-batch-replaced'))
  await handle.signal(messages.trustedBatchReplaced, REPLACED) // and once more, late
  await handle.signal(messages.l1Virtualized, l1(10))
  await reaches(handle, 'proven')
  expect(await attribute(handle, 'attention')).toBe('trusted-batch-replaced')
  await handle.signal(messages.l1Verified, l1(12))
  expect(await handle.result()).toMatchObject({ status: 'verified', txCount: 1, proofRounds: 1 })
  expect(checks).toHaveLength(2)
  expect(await attribute(handle, 'attention')).toBeUndefined()
  expect((await attributeHistory(handle, 'status')).filter((status) => status === 'collecting')).toHaveLength(2)
  await recordHistory('batch-replaced-and-collected-anew-2', handle)
})

test('an operator closes an open batch that holds something', async () => {
  let openBlocks = 0
  const attempts: { batchNumber: number; closeNow?: boolean }[] = []
  const handle = await startBatch({
    collectBatch: async (input) => {
      attempts.push(input)
      if (!input.closeNow) return await untilCancelled()
      return { txCount: 1, blockCount: openBlocks, closingReason: 'Closed by an operator' }
    },
    readBatch: async () => ({ closed: false, openBlocks }),
  })
  const batchNumber = lastBatch
  const close = () => handle.executeUpdate(messages.closeBatchNow)
  const refusalOf = async () => ((await close().catch((error: Error) => error.cause)) as Error).message
  expect(await refusalOf()).toBe(`Batch ${batchNumber} holds nothing to close.`)
  openBlocks = 2
  const closed = { txCount: 1, blockCount: 2, closingReason: 'Closed by an operator' }
  expect(await close()).toEqual({ batchNumber, ...closed })
  expect(attempts).toEqual([{ batchNumber }, { batchNumber, closeNow: true }])
  expect(await reaches(handle, 'sequencing')).toMatchObject(closed)
  expect(await refusalOf()).toBe(`Batch ${batchNumber} is sequencing, not open.`)
  await handle.signal(messages.l1Virtualized, l1(10))
  await handle.signal(messages.l1Verified, l1(12))
  await handle.result()
  await recordHistory('batch-closed-by-operator', handle)
})

test('what L1 has in the place of a batch is proven without the sequencer', async () => {
  let collections = 0
  const collectBatch: Fakes['collectBatch'] = async (input) => {
    if (++collections > 1) return await untilCancelled()
    return await WELL.collectBatch(input)
  }
  const handle = await startBatch({ collectBatch })
  await reaches(handle, 'sequencing')
  await run.whileAway(async () => {
    await handle.signal(messages.trustedBatchReplaced, REPLACED)
    await handle.signal(messages.l1Virtualized, l1(10))
  })
  expect(await reaches(handle, 'proven')).toMatchObject({ virtual: l1(10), proofRounds: 1 })
  expect(collections).toBe(1)

  const late = await startBatch({ collectBatch })
  collections = 0
  await reaches(late, 'sequencing')
  await late.signal(messages.trustedBatchReplaced, REPLACED)
  await eventually(() => expect(collections).toBe(2))
  await late.signal(messages.l1Virtualized, l1(10))
  await reaches(late, 'proven')
  for (const each of [handle, late]) await each.signal(messages.l1Verified, l1(12))
  expect(await late.result()).not.toHaveProperty('txCount') // of what is not there any more
  await handle.result()
  await recordHistory('batch-replaced-by-l1-2', late)
})

test.each(['check', 'check-failed', 'proving', 'proof-failed', 'proven'] as const)(
  'a batch that L1 replaces at its %s begins anew, and what went on about it is stopped',
  async (stage) => {
    const prover = slowProver()
    const stopped: string[] = []
    let isFirst = true
    /** What the stage does the first time. */
    const firstTime =
      <Input, Result>(well: (input: Input) => Promise<Result>, other: () => Promise<Result>) =>
      async (input: Input) => {
        if (!isFirst) return await well(input)
        isFirst = false
        return await other()
      }
    const fakes: Record<typeof stage, Partial<Fakes>> = {
      check: { checkBatch: firstTime(WELL.checkBatch, () => untilCancelled().finally(() => stopped.push('check'))) },
      'check-failed': { checkBatch: firstTime(WELL.checkBatch, () => Promise.reject(new BatchCheckError('No.'))) },
      proving: { proveBatch: firstTime(WELL.proveBatch, () => prover.proveBatch({ batchNumber: 0, round: 1 })) },
      'proof-failed': { proveBatch: firstTime(WELL.proveBatch, () => Promise.reject(new ProofRefusedError('No.'))) },
      proven: {},
    }
    const handle = await startBatch(fakes[stage])
    if (!stage.startsWith('check')) await handle.signal(messages.l1Virtualized, l1(10))
    if (stage === 'check') await eventually(() => expect(isFirst).toBe(false))
    else if (stage === 'check-failed')
      await eventually(async () => expect(await attribute(handle, 'attention')).toBe('check-failed'))
    else await reaches(handle, stage)
    await handle.signal(messages.trustedBatchReplaced, REPLACED)
    const view = await reaches(handle, 'sequencing')
    expect(view).toMatchObject({ txCount: 3, replaced: REPLACED.reason })
    for (const field of ['virtual', 'proofId', 'lastError']) expect(view).not.toHaveProperty(field)
    if (stage === 'check') await eventually(() => expect(stopped).toEqual(['check']))
    if (stage === 'proving') await eventually(() => expect(prover.stopped).toEqual([1]))
    await handle.signal(messages.l1Virtualized, l1(11))
    expect(await reaches(handle, 'proven')).toMatchObject({ virtual: l1(11) })
    await handle.signal(messages.l1Verified, l1(13))
    await handle.result()
    if (stage === 'check') await recordHistory('batch-replaced-during-check-2', handle)
  },
)

test('a batch that was done with and is gone starts with collecting', async () => {
  const batchNumber = ++lastBatch
  type Replaced = [typeof REPLACED]
  const handle = await run.client.workflow.signalWithStart<typeof batchWorkflow, Replaced>('batchWorkflow', {
    workflowId: messages.batchWorkflowId(batchNumber),
    taskQueue: messages.TASK_QUEUE.batch,
    args: [{ batchNumber, forkId: 9, startAt: 'collect', form: 3 }],
    signal: messages.trustedBatchReplaced,
    signalArgs: [REPLACED],
  })
  expect(await reaches(handle, 'sequencing')).toMatchObject({ txCount: 3, replaced: REPLACED.reason })
  await handle.signal(messages.l1Verified, l1(12))
  await handle.result()
})

test('signals that come at once, while no worker runs, count one by one', async () => {
  const proven = await startBatch()
  const parked = await startBatch({ proveBatch: () => Promise.reject(new ProofRefusedError('No.')) })
  for (const handle of [proven, parked]) await handle.signal(messages.l1Virtualized, l1(10))
  await reaches(proven, 'proven')
  await reaches(parked, 'proof-failed')
  await run.whileAway(async () => {
    for (const handle of [proven, parked]) {
      await handle.signal(messages.l1Reorged, { fromL1Block: 10 })
      await handle.signal(messages.l1Virtualized, l1(11))
    }
  })
  const another = { proofRounds: 2, virtual: l1(11) }
  const viewOf = (handle: Batch) => handle.query(messages.batchState)
  await eventually(async () => expect(await viewOf(proven)).toMatchObject({ ...another, status: 'proven' }))
  await eventually(async () => expect(await viewOf(parked)).toMatchObject({ ...another, status: 'proof-failed' }))
  for (const handle of [proven, parked]) await handle.signal(messages.l1Verified, l1(13))
  await Promise.all([proven.result(), parked.result()])
})

test('a batch that somebody else verifies needs no proof: neither a failed one nor one in the making', async () => {
  const failed = await startBatch({ proveBatch: () => Promise.reject(new ProofRefusedError('No.')) })
  await failed.signal(messages.l1Virtualized, l1(10))
  await reaches(failed, 'proof-failed')
  await failed.signal(messages.l1Verified, l1(12))
  expect(await failed.result()).toMatchObject({ status: 'verified', proofRounds: 1 })
  expect(await attribute(failed, 'attention')).toBeUndefined()
  await recordHistory('batch-verified-while-parked-3', failed)

  const prover = slowProver()
  const proving = await startBatch(prover)
  await proving.signal(messages.l1Virtualized, l1(10))
  await eventually(() => expect(prover.started).toEqual([1]))
  await proving.signal(messages.l1Verified, l1(12))
  expect(await proving.result()).toMatchObject({ status: 'verified', verified: l1(12) })
  await eventually(() => expect(prover.stopped).toEqual([1]))
})

test('signals before their time, twice and in another order lead to the same end', async () => {
  let closeBatch = () => {}
  const closed = new Promise<void>((resolve) => {
    closeBatch = resolve
  })
  const early = await startBatch({ collectBatch: (input) => closed.then(() => WELL.collectBatch(input)) })
  await reaches(early, 'collecting')
  await early.signal(messages.verificationStarted, { fromBatch: 1, toBatch: 1 })
  await early.signal(messages.l1Reorged, { fromL1Block: 1 })
  await early.signal(messages.l1Virtualized, l1(10))
  await early.signal(messages.l1Virtualized, l1(10))
  closeBatch()
  expect(await reaches(early, 'proven')).toMatchObject({ virtual: l1(10), proofRounds: 1 })
  await early.signal(messages.l1Reorged, { fromL1Block: 11 })
  await early.signal(messages.l1Verified, l1(12))
  expect(await early.result()).toMatchObject({ status: 'verified', virtual: l1(10) })

  const reversed = await startBatch()
  await reaches(reversed, 'sequencing')
  await reversed.signal(messages.l1Verified, l1(12))
  expect(await reversed.result()).toMatchObject({ status: 'verified', proofRounds: 0 })
})

test('an aggregator that is faster than the batch is heard', async () => {
  const prover = slowProver()
  const handle = await startBatch(prover)
  await handle.signal(messages.l1Virtualized, l1(10))
  await eventually(() => expect(prover.started).toEqual([1]))
  await handle.signal(messages.verificationStarted, { fromBatch: 1, toBatch: 1 })
  prover.finish(1)
  await reaches(handle, 'verifying')
  await handle.signal(messages.l1Verified, l1(12))
  await handle.result()
})

test('what lost signals would have said is found in the State DB', async () => {
  const known: Awaited<ReturnType<Fakes['readBatch']>> = { closed: true }
  const handle = await startBatch({ readBatch: async () => known }, { reconcileAfterMs: 50 })
  await reaches(handle, 'sequencing')
  known.virtual = l1(10)
  await reaches(handle, 'proven')
  known.verified = l1(12)
  expect(await handle.result()).toMatchObject({ status: 'verified', virtual: l1(10), verified: l1(12) })
  await recordHistory('batch-reconciled-3', handle)
})

test('a batch that L1 knew first starts as virtual', async () => {
  const batchNumber = ++lastBatch
  const handle = await run.client.workflow.signalWithStart<typeof batchWorkflow, [messages.L1Reference]>(
    'batchWorkflow',
    {
      workflowId: messages.batchWorkflowId(batchNumber),
      taskQueue: messages.TASK_QUEUE.batch,
      args: [{ batchNumber, forkId: 9, startAt: 'virtual', form: 3 }],
      typedSearchAttributes: [{ key: messages.SEARCH_ATTRIBUTE.status, value: 'virtual' }],
      signal: messages.l1Virtualized,
      signalArgs: [l1(10)],
    },
  )
  await eventually(async () => expect(await attributeHistory(handle, 'status')).toContain('proven'))
  await handle.signal(messages.l1Verified, l1(12))
  expect(await handle.result()).toMatchObject({ status: 'verified', proofId: `batch-${batchNumber}-r1` })
  expect(await attributeHistory(handle, 'status')).toEqual(['virtual', 'proving', 'proven', 'verified'])
  await recordHistory('batch-started-virtual-3', handle)
})

test.each(['collecting', 'sequencing', 'proving', 'proof-failed', 'proven'] as const)(
  'a batch cancelled while %s ends as cancelled',
  async (status) => {
    const handle = await startBatch({
      ...(status === 'collecting' ? { collectBatch: untilCancelled } : {}),
      ...(status === 'proving' ? { proveBatch: untilCancelled } : {}),
      ...(status === 'proof-failed' ? { proveBatch: () => Promise.reject(new ProofRefusedError('No.')) } : {}),
    })
    if (status !== 'collecting' && status !== 'sequencing') await handle.signal(messages.l1Virtualized, l1(10))
    await reaches(handle, status)
    await handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect((await handle.describe()).status.name).toBe('CANCELLED')
    if (status === 'proving') await recordHistory('batch-cancelled-3', handle)
  },
)
