import { type Client, WorkflowNotFoundError } from '@temporalio/client'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { VerifierKind } from '#config/schema.ts'
import { closeBatch, openBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { insertSequence, insertVirtualBatch, storeL1Block } from '#db/l1.ts'
import { createDatabaseObjectStore } from '#db/objects.ts'
import { objects as storedObjects } from '#db/proofSchema.ts'
import { insertProof } from '#db/proofs.ts'
import { l1Transactions, proofs } from '#db/schema.ts'
import { type Address, BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { buildFinalProof, finalDigest } from '#prover/finalProof.ts'
import { encodeProof } from '#prover/proofCodec.ts'
import { putProofText } from '#prover/proofTexts.ts'
import { createAttester } from '#prover/signature.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { claimsOf, DOMAIN } from '#test/proofs.ts'
import { type AggregationActivities, createAggregationActivities } from './aggregation.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
  const place = { l1BlockNumber: 7, l1TxHash: hashOf(7) }
  await storeL1Block(db, { number: 7, hash: hashOf(70), parentHash: hashOf(69), timestamp: 1 }, true)
  for (const number of [0, 1]) await addBatch(number)
  const [one, accInputHash] = [BatchNumber(1), hashOf(201)]
  await insertVirtualBatch(db, {
    ...{ batchNumber: one, ...place, sequencer: addressOf(1), coinbase: addressOf(1), accInputHash },
    ...{ l1InfoRoot: ZERO_HASH, timestampLimit: 1, forcedBlockHashL1: ZERO_HASH },
  })
  await insertSequence(db, { fromBatch: one, toBatch: one, ...place, accInputHash })
  const range = { fromBatch: one, toBatch: one }
  await insertProof(db, { proofId: 'batch-1-r1', kind: 'batch', ...range, prover: 'test', proverKind: 'embedded' })
})
afterAll(() => close?.())

async function addBatch(number: number): Promise<void> {
  const batchNumber = BatchNumber(number)
  await openBatch(db, { batchNumber, kind: 'trusted', forkId: 9, coinbase: addressOf(1) })
  await closeBatch(db, {
    ...{ batchNumber, closingReason: 'test', batchL2Data: new Uint8Array(), localExitRoot: ZERO_HASH },
    ...{ stateRoot: hashOf(number + 1), lastTimestamp: 1 },
  })
}

/** Joins that Temporal knows; the others are over. */
const running = new Set<string>()
const client = {
  workflow: {
    getHandle: (workflowId: string) => ({
      describe: async () => {
        if (!running.has(workflowId)) throw new WorkflowNotFoundError('gone', workflowId, undefined)
        return { status: { name: 'RUNNING' } }
      },
    }),
  },
} as unknown as Pick<Client, 'workflow'>

type Change = { verifier?: VerifierKind; maxBatches?: number; verifyIntervalMs?: number; sender?: Address }
const plan = (
  { verifier = 'attestation', maxBatches = 100, verifyIntervalMs = 5000, sender = addressOf(1) }: Change = {},
  asked: Partial<Parameters<AggregationActivities['planAggregation']>[0]> = {},
) => {
  const objects = createDatabaseObjectStore(db)
  const options = { objects, aggregator: { maxBatches, verifyIntervalMs }, sequencer: { batchMaxMs: 5000 } }
  const { planAggregation } = createAggregationActivities({ db, client, sender, verifier, ...options })
  return planAggregation({ running: [], isReconciling: false, ...asked })
}
/** Of batch 1, to be sent by `aggregator`. */
async function storeFinalProof(proofId: string, aggregator: Address): Promise<void> {
  const claims = claimsOf(1, 1)
  const signatures = [createAttester(`0x${'5a'.repeat(32)}`).sign(finalDigest(DOMAIN, claims, aggregator))]
  const proof = buildFinalProof(DOMAIN, { claims, aggregator, signatures })
  await putProofText(createDatabaseObjectStore(db), proofId, encodeProof(proof))
  const range = { fromBatch: BatchNumber(1), toBatch: BatchNumber(1) }
  await insertProof(db, { proofId, kind: 'final', ...range, prover: 'test', proverKind: 'embedded' })
}
const one = { fromBatch: 1, toBatch: 1, proofId: 'batch-1-r1' }

test('what is proven and sequenced can be verified', async () => {
  expect(await plan()).toEqual({
    ...{ verified: 0, joins: [], target: null, ended: [], useless: [] },
    run: { fromBatch: 1, toBatch: 1, full: true, waitMs: 5000 },
    whole: one,
  })
})

test('a run waits for more only when more can come in time', async () => {
  expect((await plan()).run).toMatchObject({ full: true })
  expect((await plan({ verifyIntervalMs: 5001 })).run).toMatchObject({ full: false })
  await addBatch(2)
  expect((await plan()).run).toMatchObject({ full: false })
  expect((await plan({ maxBatches: 1 })).run).toMatchObject({ full: true })
})

test('joins are over when their proof is there, or when reconciling finds that they do not run', async () => {
  const ranges = [2, 4].map((fromBatch) => ({ fromBatch, toBatch: fromBatch + 1, proofIds: ['batch-1-r1'] }))
  running.add('proof-2-3')
  expect(await plan({}, { running: ranges })).toMatchObject({ ended: [], useless: [] })
  expect(await plan({}, { running: ranges, isReconciling: true })).toMatchObject({ ended: [ranges[1]], useless: [] })
  const made = { fromBatch: 1, toBatch: 1, proofIds: ['batch-1-r1'] }
  expect(await plan({}, { running: [made] })).toMatchObject({ ended: [made] })
  const ofForgotten = { ...ranges[0]!, proofIds: ['batch-2-r1', 'batch-1-r1'] }
  expect(await plan({}, { running: [ofForgotten] })).toMatchObject({ ended: [], useless: [ofForgotten] })
})

test('a final proof is taken again by the account that it names, and made anew for another or without its text', async () => {
  await storeFinalProof('final-of-1', addressOf(1))
  expect(await plan()).toMatchObject({ whole: one, finalProofId: 'final-of-1' })
  const ofOther = await plan({ sender: addressOf(2) })
  expect(ofOther.whole).toEqual(one)
  expect(ofOther).not.toHaveProperty('finalProofId')
  await storeFinalProof('final-of-2', addressOf(2))
  expect(await plan({ sender: addressOf(2) })).toMatchObject({ whole: one, finalProofId: 'final-of-2' })
  await db.update(storedObjects).set({ content: new TextEncoder().encode('{}') })
  expect(await plan({ sender: addressOf(2) })).not.toHaveProperty('finalProofId')
  await db.delete(storedObjects)
  expect(await plan({ sender: addressOf(2) })).not.toHaveProperty('finalProofId')
  await db.delete(proofs).where(eq(proofs.kind, 'final'))
})

test('what was sent is planned as it was, at once; what is verified needs no joins any more', async () => {
  await storeFinalProof('final-1', addressOf(1))
  await db.insert(l1Transactions).values({
    ...{ id: 'verify-1-1', purpose: 'verify', nonce: 1, status: 'sent', gasLimit: 1, data: new Uint8Array() },
    ...{ fromBatch: BatchNumber(1), toBatch: BatchNumber(1), sender: addressOf(1), recipient: addressOf(2) },
  })
  const planned = await plan({ verifyIntervalMs: 5001 })
  expect(planned).toMatchObject({ run: { full: true }, target: 1, whole: one, finalProofId: 'final-1' })
  await db.update(l1Transactions).set({ status: 'mined', l1BlockNumber: 7 })
  const joins = [{ fromBatch: 1, toBatch: 1, proofIds: [] }]
  expect(await plan({}, { running: joins })).toMatchObject({ run: null, whole: null, useless: joins, ended: [] })
})
