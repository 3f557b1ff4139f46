import { MockActivityEnvironment } from '@temporalio/testing'
import { beforeEach, expect, test } from 'vitest'
import { Address } from '#protocol/primitives.ts'
import { createAttestationProver } from '#prover/attestation.ts'
import { ProofRefusedError } from '#prover/errors.ts'
import { encodeJobInputs } from '#prover/jobInputs.ts'
import { ObjectNotFoundError, type ObjectStore, proofKey } from '#prover/objectStore.ts'
import { decodeAttestationProof, decodeFinalProof } from '#prover/proofCodec.ts'
import type { ProofAttempts } from '#prover/proofStore.ts'
import type { Reexecutor } from '#prover/reexecute.ts'
import type { Assignment, Claims } from '#prover/types.ts'
import { addressOf } from '#test/blocks.ts'
import { ATTESTERS, claimsOf, DOMAIN } from '#test/proofs.ts'
import { buildSmallChain } from '#test/smallChain.ts'
import type { PreparedBatchJob, PreparedJoin } from './proofJobs.ts'
import { createProvingActivities } from './proving.ts'

const aggregator = addressOf(0xa9)
const chain = await buildSmallChain()
const attester = ATTESTERS[0]!

let executions: number
let reexecutor: Reexecutor
let claims: Map<number, Claims>
let contents: Map<string, Uint8Array>
/** What is told of tries, in order. */
let tries: string[]
let earlier: Assignment | undefined
beforeEach(() => {
  executions = 0
  claims = new Map([5, 6, 7].map((batch) => [batch, claimsOf(batch, batch)]))
  reexecutor = {
    async reexecute() {
      executions++
      return claims.get(5)!
    },
  }
  contents = new Map()
  tries = []
  earlier = undefined
})

const objects: ObjectStore = {
  has: async (key) => contents.has(key),
  async get(key) {
    const content = contents.get(key)
    if (content === undefined) throw new ObjectNotFoundError('Nothing there.', { facts: { key } })
    return content
  },
  async put(key, content) {
    if (!contents.has(key)) contents.set(key, content)
    return contents.get(key)!
  },
}
const attempts: ProofAttempts = {
  async start({ jobId, kind }) {
    tries.push(`start ${kind} ${jobId}`)
    return { attemptId: tries.length, earlier }
  },
  settle: async (jobId) => void tries.push(`settle ${jobId}`),
  assign: async (_, { proverName }) => void tries.push(`assign ${proverName}`),
  end: async (_, outcome, error) => void tries.push(error === undefined ? outcome : `${outcome}: ${error}`),
}
const activities = (options: { attester?: string } = {}) => {
  const naming = { proverId: 'p', name: 'attic' }
  const prover = createAttestationProver({ ...naming, attester, domain: DOMAIN, reexecutor })
  return createProvingActivities({ prover, objects, attempts, ...options })
}
type Activity<Input> = (input: Input) => Promise<{ partId: string }>
const run = async <Input>(activity: Activity<Input>, input: Input, environment = new MockActivityEnvironment()) =>
  (await environment.run(activity, input)) as { partId: string }

const batchJob = (proofId: string, batchNumber = 5): PreparedBatchJob => {
  contents.set('inputs', encodeJobInputs(chain.batches[0].job))
  contents.set('witness', chain.batches[0].job.witness)
  return { proofId, fromBatch: batchNumber, toBatch: batchNumber, inputsKey: 'inputs', witnessKey: 'witness' }
}
/** A proof of each batch, made here. */
async function proveEach(batches: readonly number[]): Promise<string[]> {
  for (const batch of batches) {
    reexecutor.reexecute = async () => claims.get(batch)!
    await run(activities().proveBatch, batchJob(`batch-${batch}`, batch))
  }
  return batches.map((batch) => `batch-${batch}`)
}
const joinJob = (proofId: string, proofIds: string[], fromBatch: number, toBatch: number): PreparedJoin => ({
  ...{ proofId, proofIds, fromBatch, toBatch, claims: claimsOf(fromBatch, toBatch) },
})
const textOf = (partId: string) => new TextDecoder().decode(contents.get(proofKey(partId)))

test('a repeated attempt of a job finds the first result, another job proves again', async () => {
  expect(await run(activities().proveBatch, batchJob('batch-5-r1'))).toEqual({ partId: 'batch-5-r1' })
  expect(await run(activities().proveBatch, batchJob('batch-5-r1'))).toEqual({ partId: 'batch-5-r1' })
  expect(executions).toBe(1)
  expect(tries).toEqual(['start batch batch-5-r1', 'assign attic', 'proved', 'settle batch-5-r1'])
  await run(activities().proveBatch, batchJob('batch-5-r2'))
  expect(executions).toBe(2)
  expect(decodeAttestationProof(textOf('batch-5-r2'))).toMatchObject(claimsOf(5, 5))
})

test('batches are proven, joined and made final by reference', async () => {
  const { aggregateProofs, finalizeProof } = activities()
  await run(aggregateProofs, joinJob('joined', await proveEach([5, 6, 7]), 5, 7))
  expect(decodeAttestationProof(textOf('joined'))).toMatchObject(claimsOf(5, 7))
  const final = { proofId: 'final', fromBatch: 5, toBatch: 7, inputId: 'joined', claims: claimsOf(5, 7), aggregator }
  expect(await run(finalizeProof, final)).toEqual({ partId: 'final' })
  expect(decodeFinalProof(textOf('final'))).toMatchObject({ publicInputs: claimsOf(5, 7), aggregator })
  expect(tries.filter((line) => line.startsWith('start')).slice(3)).toEqual([
    'start aggregated joined',
    'start final final',
  ])
})

test('where several attest, each stores its part under its own name', async () => {
  const address = Address(attester.address)
  const attesters = { addresses: [address], required: 2 }
  const { proveBatch } = activities({ attester: address })
  expect(await run(proveBatch, { ...batchJob('batch-5'), attesters })).toEqual({ partId: `batch-5-${address}` })
  expect(contents.has(proofKey('batch-5'))).toBe(false)
})

test('a refusal passes through by its name, is noted, and nothing is stored', async () => {
  reexecutor.reexecute = () => Promise.reject(new ProofRefusedError('differs', { facts: { blockNumber: 3 } }))
  const refused = run(activities().proveBatch, batchJob('batch-5'))
  await expect(refused).rejects.toMatchObject({ name: 'ProofRefusedError', message: 'differs blockNumber=3' })
  expect(tries.at(-1)).toBe('refused: differs blockNumber=3')
  expect(contents.has(proofKey('batch-5'))).toBe(false)
})

test('a try does not count as proved before its proof is stored', async () => {
  const store = objects.put
  objects.put = () => Promise.reject(new Error('The disk is full.'))
  await expect(run(activities().proveBatch, batchJob('batch-5'))).rejects.toThrow('The disk is full.')
  objects.put = store
  expect(tries).toEqual(['start batch batch-5', 'assign attic', 'failed: The disk is full.'])
})

test('inputs or proofs that are not there (yet) can be asked for again', async () => {
  const missing = { ...batchJob('batch-5'), witnessKey: 'nowhere' }
  await expect(run(activities().proveBatch, missing)).rejects.toThrow(ObjectNotFoundError)
  await expect(run(activities().aggregateProofs, joinJob('j', ['a', 'b'], 5, 6))).rejects.toThrow(ObjectNotFoundError)
  expect(tries.filter((line) => line.startsWith('failed'))).toHaveLength(2)
})

test('a job of earlier code, which named no inputs, ends for good', async () => {
  const old = { batchNumber: 7, round: 1 } as unknown as PreparedBatchJob
  await expect(run(activities().proveBatch, old)).rejects.toMatchObject({
    type: 'ObsoleteJobError',
    nonRetryable: true,
  })
})

test('heartbeats go on while the prover is silent; a cancellation reaches it and is noted', async () => {
  const environment = new MockActivityEnvironment()
  const beats: unknown[] = []
  environment.on('heartbeat', (details: unknown) => beats.push(details))
  reexecutor.reexecute = (_, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  const running = run(activities().proveBatch, batchJob('batch-5'), environment)
  setTimeout(() => environment.cancel(), 2300)
  await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' })
  expect(beats.length).toBeGreaterThanOrEqual(3)
  expect(beats.at(-1)).toEqual({ stage: 'executing' })
  expect(tries.at(-1)).toMatch(/^cancelled/)
})

test('a try that a restart of the worker ends is left open, for the next one to collect', async () => {
  const environment = new MockActivityEnvironment()
  reexecutor.reexecute = (_, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  const running = run(activities().proveBatch, batchJob('batch-5'), environment)
  setTimeout(() => environment.cancel('WORKER_SHUTDOWN'), 50)
  await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' })
  expect(tries).toEqual(['start batch batch-5', 'assign attic'])
})
