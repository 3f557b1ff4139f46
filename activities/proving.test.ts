import { MockActivityEnvironment } from '@temporalio/testing'
import { beforeEach, expect, test } from 'vitest'
import { ZERO_HASH } from '#protocol/primitives.ts'
import { createAttestationProver } from '#prover/attestation.ts'
import { ProofRefusedError } from '#prover/errors.ts'
import { decodeAttestationProof, decodeFinalProof } from '#prover/proofCodec.ts'
import type { ProofStore, StoredProof } from '#prover/proofStore.ts'
import type { Reexecutor } from '#prover/reexecute.ts'
import type { BatchInputs, Claims } from '#prover/types.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { ATTESTERS, claimsOf, DOMAIN } from '#test/proofs.ts'
import { createProvingActivities } from './proving.ts'

const aggregator = addressOf(0xa9)
let executions: number
let l1: (batchNumber: number) => Claims
let reexecutor: Reexecutor
let proofs: Map<string, StoredProof>
beforeEach(() => {
  executions = 0
  l1 = (batchNumber) => claimsOf(batchNumber, batchNumber)
  reexecutor = {
    async reexecute({ inputs }) {
      executions++
      return l1(inputs.batchNumber)
    },
  }
  proofs = new Map()
})

const missing = () => Promise.reject(new Error('missing'))
const store = (): ProofStore => ({
  async getBatchInputs(batchNumber) {
    const claims = l1(batchNumber)
    const inputs: BatchInputs = {
      ...{ ...claims, batchNumber, coinbase: aggregator, l1InfoRoot: ZERO_HASH, forcedBlockHashL1: ZERO_HASH },
      ...{ batchL2Data: new Uint8Array(), timestampLimit: 1, l1InfoTreeData: new Map() },
    }
    return { inputs, claimed: { ...claims, blocks: [] } }
  },
  getWitness: async () => new Uint8Array(1),
  findProof: async (proofId) => proofs.get(proofId),
  getProof: async (proofId) => proofs.get(proofId) ?? missing(),
  async putProof(proof) {
    const first = proofs.get(proof.proofId) ?? { ...proof, accepted: false }
    proofs.set(proof.proofId, first)
    return first
  },
  deleteProof: async (proofId) => void proofs.delete(proofId),
})
const activities = () => {
  const prover = createAttestationProver({ name: 'test', attester: ATTESTERS[0]!, domain: DOMAIN, reexecutor })
  return createProvingActivities({ prover, store: store(), aggregator })
}
type Activity<Input> = (input: Input) => Promise<{ proofId: string }>
const run = async <Input>(activity: Activity<Input>, input: Input, environment = new MockActivityEnvironment()) =>
  (await environment.run(activity, input)) as { proofId: string }
const proveBatch = (batchNumber: number, round = 1, environment?: MockActivityEnvironment) =>
  run(activities().proveBatch, { batchNumber, round }, environment)

test('a repeated attempt of a round finds the first result, another round proves again', async () => {
  const first = await proveBatch(7)
  expect(first).toEqual({ proofId: 'batch-7-r1' })
  expect(await proveBatch(7)).toEqual(first)
  expect(executions).toBe(1)
  expect(await proveBatch(7, 2)).toEqual({ proofId: 'batch-7-r2' })
  expect(executions).toBe(2)
})

test('a stored result of inputs that L1 has forgotten is replaced', async () => {
  await proveBatch(7)
  l1 = (batchNumber) => claimsOf(batchNumber, batchNumber, { newAccInputHash: hashOf(999) })
  const { proofId } = await proveBatch(7)
  expect(decodeAttestationProof(proofs.get(proofId)!.proof).newAccInputHash).toBe(hashOf(999))
})

test('batches are proven, joined and made final by reference, each step once', async () => {
  const { aggregateProofs, finalizeProof } = activities()
  const [one, two] = [await proveBatch(5), await proveBatch(6)]
  const range = { fromBatch: 5, toBatch: 6, round: 0 }
  const join = () => run(aggregateProofs, { ...range, proofIds: [one.proofId, two.proofId] as const })
  const joined = await join()
  const final = await run(finalizeProof, { ...range, proofId: joined.proofId })
  expect(joined.proofId).toMatch(/^aggregated-5-6-r0-[0-9a-f]{16}$/)
  expect(final.proofId).toMatch(new RegExp(`^final-5-6-${aggregator}-r0-[0-9a-f]{16}$`))
  const { publicInputs } = decodeFinalProof(proofs.get(final.proofId)!.proof)
  expect(publicInputs).toEqual(claimsOf(5, 6))
  expect(proofs.get(final.proofId)).toMatchObject({ kind: 'final', fromBatch: 5, toBatch: 6, prover: 'test' })
  const stored = proofs.size
  expect(await join()).toEqual(joined)
  expect(proofs.size).toBe(stored)
})

test('many proofs are joined pair by pair; only the result is stored', async () => {
  const { aggregateProofs } = activities()
  const batches = [await proveBatch(5), await proveBatch(6), await proveBatch(7)] as const
  const proofIds = [batches[0].proofId, batches[1].proofId, batches[2].proofId] as const
  const { proofId } = await run(aggregateProofs, { fromBatch: 5, toBatch: 7, round: 0, proofIds })
  expect(decodeAttestationProof(proofs.get(proofId)!.proof)).toMatchObject(claimsOf(5, 7))
  expect(proofs.size).toBe(4)
})

test('proofs of other inputs make another job, whatever their names', async () => {
  const { aggregateProofs } = activities()
  const join = async () => {
    const proofIds = [(await proveBatch(5)).proofId, (await proveBatch(6)).proofId] as const
    return await run(aggregateProofs, { fromBatch: 5, toBatch: 6, round: 0, proofIds })
  }
  const before = await join()
  l1 = (batchNumber) => claimsOf(batchNumber, batchNumber, batchNumber === 6 ? { newAccInputHash: hashOf(9) } : {})
  expect((await join()).proofId).not.toBe(before.proofId)
})

test('a refusal passes through by its name, and nothing is stored', async () => {
  reexecutor.reexecute = () => Promise.reject(new ProofRefusedError('differs', { facts: { blockNumber: 3 } }))
  await expect(proveBatch(7)).rejects.toMatchObject({ name: 'ProofRefusedError', message: 'differs blockNumber=3' })
  expect(proofs.size).toBe(0)
})

test('heartbeats go on while the prover is silent, and a cancellation reaches it', async () => {
  const environment = new MockActivityEnvironment()
  const beats: unknown[] = []
  environment.on('heartbeat', (details: unknown) => beats.push(details))
  reexecutor.reexecute = (_, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))
  const running = proveBatch(7, 1, environment)
  setTimeout(() => environment.cancel(), 2300)
  await expect(running).rejects.toMatchObject({ name: 'CancelledFailure' })
  expect(beats.length).toBeGreaterThanOrEqual(3)
  expect(beats.at(-1)).toEqual({ stage: 'executing' })
})
