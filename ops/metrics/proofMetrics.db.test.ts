import { Registry } from 'prom-client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { assignAttempt, endAttempt, startAttempt } from '#db/attempts.ts'
import type { Database } from '#db/client.ts'
import { attempts, provers } from '#db/proofSchema.ts'
import { upsertProver } from '#db/provers.ts'
import { l1Blocks, proofs, virtualBatches } from '#db/schema.ts'
import { BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import type { AttemptEnd } from '#prover/proofStore.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { addProofMetrics } from './proofMetrics.ts'

let db: Database
let close: () => Promise<void>
let registry: Registry
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close())
beforeEach(async () => {
  for (const table of [attempts, provers]) await db.delete(table)
  registry = new Registry()
  addProofMetrics(registry, { db, proofDb: db }, { maxProverNames: 2, settleMs: 0 })
})

async function tryBatch(batch: number, prover: string | undefined, outcome?: AttemptEnd) {
  const range = { fromBatch: BatchNumber(batch), toBatch: BatchNumber(batch) }
  const { id } = await startAttempt(db, { jobId: `batch-${batch}-r1`, kind: 'batch', ...range })
  if (prover !== undefined)
    await assignAttempt(db, id, { proverId: `id of ${prover}`, proverName: prover, proverKind: 'remote' })
  if (outcome !== undefined) await endAttempt(db, id, { outcome })
}
/** Values of a metric other than 0, by their labels in order. */
async function values(name: string): Promise<Record<string, number>> {
  const { values } = (await registry.getMetricsAsJSON()).find((metric) => metric.name === name)!
  const told = values.filter(({ value }) => value !== 0)
  return Object.fromEntries(told.map(({ labels, value }) => [Object.values(labels).join(' '), value as number]))
}
async function proved(): Promise<Record<string, number>> {
  const metric = (await registry.getMetricsAsJSON()).find(({ name }) => name === 'proof_seconds')!
  const counts = (metric.values as { metricName?: string; labels: object; value: number }[]).filter(
    ({ metricName }) => metricName === 'proof_seconds_count',
  )
  return Object.fromEntries(counts.map(({ labels, value }) => [Object.values(labels).join(' '), value]))
}

test('tries are counted once, by prover, and none is forgotten', async () => {
  await tryBatch(1, 'farm', 'proved')
  await tryBatch(2, 'farm', 'failed')
  await tryBatch(2, 'farm')
  expect(await proved()).toEqual({ 'batch remote farm': 1 })
  expect(await values('proof_failures_total')).toEqual({ 'failed batch remote farm': 1 })
  expect(await values('proof_jobs_proving')).toEqual({ batch: 1 })

  await tryBatch(2, undefined, 'failed') // the one before is lost
  await tryBatch(3, 'barn', 'refused')
  await tryBatch(4, 'barn', 'proved')
  await tryBatch(5, 'barn', 'cancelled')
  for (let time = 0; time < 2; time++) {
    expect(await proved()).toEqual({ 'batch remote farm': 1, 'batch remote barn': 1 })
    expect(await values('proof_failures_total')).toEqual({
      ...{ 'failed batch remote farm': 1, 'lost batch remote farm': 1 },
      ...{ 'failed batch none none': 1, 'refused batch remote barn': 1 },
    })
  }
  expect(await values('proof_jobs_proving')).toEqual({})
})

test('provers may call themselves what they like', async () => {
  for (const [index, name] of ['a', 'b', 'c', 'd', 'a'].entries()) await tryBatch(index + 1, name, 'proved')
  expect(await proved()).toEqual({ 'batch remote a': 2, 'batch remote b': 1, 'batch remote other': 2 })
})

test('provers by state and kind', async () => {
  const connectedAt = new Date()
  await upsertProver(db, { proverId: 'p1', name: 'farm', kind: 'remote', state: 'busy', connectedAt })
  await upsertProver(db, { proverId: 'p2', name: 'farm', kind: 'remote', state: 'busy', connectedAt })
  await upsertProver(db, { proverId: 'e1', name: 'own', kind: 'embedded', state: 'idle', connectedAt })
  expect(await values('provers')).toEqual({ 'busy remote': 2, 'idle embedded': 1 })
})

test('batches on L1 that have no proof', async () => {
  const l1BlockNumber = 5
  const timestamp = Math.floor(Date.now() / 1000) - 100
  await db.insert(l1Blocks).values({
    ...{ blockNumber: l1BlockNumber, hash: hashOf(5), parentHash: hashOf(4), timestamp, hasEvents: true },
  })
  for (const batch of [1, 2])
    await db.insert(virtualBatches).values({
      ...{ batchNumber: BatchNumber(batch), l1BlockNumber, l1TxHash: hashOf(6), sequencer: addressOf(1) },
      ...{ coinbase: addressOf(1), l1InfoRoot: hashOf(7), timestampLimit: timestamp, accInputHash: hashOf(8) },
      forcedBlockHashL1: ZERO_HASH,
    })
  expect(await values('batches_unproven')).toEqual({ '': 2 })
  const age = (await values('batches_unproven_age_seconds'))['']!
  expect(age).toBeGreaterThanOrEqual(100)
  expect(age).toBeLessThan(160)
  const range = { fromBatch: BatchNumber(1), toBatch: BatchNumber(1) }
  await db.insert(proofs).values({ proofId: 'batch-1-r1', kind: 'batch', ...range, prover: 'farm' })
  expect(await values('batches_unproven')).toEqual({ '': 1 })
})
