import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLogger } from '#common/logger.ts'
import { createProofAttempts, findLastAttempt } from '#db/attempts.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { createDatabaseObjectStore } from '#db/objects.ts'
import { objects as objectRows } from '#db/proofSchema.ts'
import { listProvers } from '#db/provers.ts'
import { batches, poolTransactions, proofs, treeNodes, witnesses } from '#db/schema.ts'
import { createAttestationProver } from '#prover/attestation.ts'
import { pickClaims } from '#prover/claims.ts'
import { decodeJobInputs, encodeJobInputs } from '#prover/jobInputs.ts'
import { contentDigest, inputsKey, proofKey, witnessKey } from '#prover/objectStore.ts'
import { decodeAttestationProof } from '#prover/proofCodec.ts'
import { reexecuteBatch } from '#prover/reexecuteBatch.ts'
import { openTestDatabase } from '#test/database.ts'
import { ATTESTERS, DOMAIN } from '#test/proofs.ts'
import { createProverRole } from '#test/proverRole.ts'
import { buildSmallChain } from '#test/smallChain.ts'
import { createProverPresence } from './proverPresence.ts'

let owner: Database
let prover: Database
let close: () => Promise<void>
beforeAll(async () => {
  const database = await openTestDatabase()
  owner = database.db
  const role = await createProverRole(database)
  prover = connectDatabase(role.url, { maxConnections: 2, name: 'zknode-prover' })
  close = async () => {
    await prover.$client.end({ timeout: 1 })
    await role.drop()
    await database.close()
  }
})
afterAll(() => close?.())

test('with rights on the proof store alone a batch is proven, from its inputs to its proof', async () => {
  const { job } = (await buildSmallChain()).batches[0]
  const { batchNumber } = job.inputs
  const content = encodeJobInputs(job)
  const inputsAt = inputsKey(batchNumber, contentDigest(content))
  const witnessAt = witnessKey(batchNumber, job.witness)
  await createDatabaseObjectStore(owner).put(inputsAt, content)
  await createDatabaseObjectStore(owner).put(witnessAt, job.witness)

  const objects = createDatabaseObjectStore(prover)
  const attempts = createProofAttempts(prover)
  const presence = createProverPresence({
    db: prover,
    proverId: 'p',
    name: 'attic',
    logger: createLogger('test', 'silent'),
  })
  await presence.begun
  const attester = presence.watch(
    createAttestationProver({
      ...{ proverId: 'p', name: 'attic', attester: ATTESTERS[0]!, domain: DOMAIN },
      reexecutor: { reexecute: reexecuteBatch },
    }),
  )
  const jobId = 'batch-1-r1'
  const { attemptId } = await attempts.start({ jobId, kind: 'batch', fromBatch: batchNumber, toBatch: batchNumber })
  const proof = await attester.proveBatch(
    { jobId, ...decodeJobInputs(await objects.get(inputsAt)), witness: await objects.get(witnessAt) },
    {
      ...{ signal: new AbortController().signal, onProgress: () => {} },
      onAssigned: (by) => attempts.assign(attemptId, by),
    },
  )
  await objects.put(proofKey(jobId), new TextEncoder().encode(proof))
  await attempts.end(attemptId, 'proved')
  await presence.end()

  expect(pickClaims(decodeAttestationProof(proof))).toEqual(await reexecuteBatch(job))
  expect(await createDatabaseObjectStore(owner).has(proofKey(jobId))).toBe(true)
  expect(await findLastAttempt(owner, jobId)).toMatchObject({ proverName: 'attic', outcome: 'proved' })
  expect(await listProvers(owner)).toMatchObject([{ proverId: 'p', state: 'gone', proved: 1 }])
})

test.each([
  ['batches', () => prover.select().from(batches)],
  ['witnesses', () => prover.select().from(witnesses)],
  ['what the node knows of proofs', () => prover.select().from(proofs)],
  ['tree nodes', () => prover.select().from(treeNodes)],
  ['waiting transactions', () => prover.select().from(poolTransactions)],
  ['a proof, to delete it', () => prover.delete(objectRows)],
])('%s: it has no right', async (_, query) => {
  await expect(Promise.resolve(query())).rejects.toMatchObject({ cause: { code: '42501' } })
})
