import type { Client } from '@temporalio/client'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { closeBatch, openBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { insertSequence, insertVirtualBatch, storeL1Block, storeVerification } from '#db/l1.ts'
import { createDatabaseObjectStore } from '#db/objects.ts'
import { insertProof } from '#db/proofs.ts'
import { batches, l1Blocks, l1Transactions, proofs } from '#db/schema.ts'
import { BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { createAggregationActivities } from './aggregation.ts'

let db: Database
let close: () => Promise<void>
const ends = [1, 2, 4, 5]

beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close())

/** Batches 1 to 5 in the sequences 1, 2, 3-4 and 5, all proven. */
beforeEach(async () => {
  for (const table of [l1Transactions, l1Blocks, proofs, batches]) await db.delete(table)
  const [parentHash, account] = [hashOf(1), addressOf(1)]
  await storeL1Block(db, { number: 1, hash: hashOf(2), parentHash, timestamp: 1 }, true)
  const place = { l1BlockNumber: 1, l1TxHash: hashOf(3), accInputHash: hashOf(4) }
  const inputs = { l1InfoRoot: ZERO_HASH, timestampLimit: 1, forcedBlockHashL1: ZERO_HASH }
  for (const batchNumber of [1, 2, 3, 4, 5].map(BatchNumber)) {
    await openBatch(db, { batchNumber, kind: 'trusted', forkId: 9, coinbase: account })
    const roots = { stateRoot: hashOf(5), localExitRoot: ZERO_HASH }
    const batchL2Data = new Uint8Array()
    await closeBatch(db, { batchNumber, closingReason: 'test', batchL2Data, ...roots, lastTimestamp: 1 })
    await insertVirtualBatch(db, { batchNumber, ...place, ...inputs, sequencer: account, coinbase: account })
    const range = { fromBatch: batchNumber, toBatch: batchNumber }
    await insertProof(db, {
      proofId: `proof-${batchNumber}`,
      kind: 'batch',
      ...range,
      prover: 'test',
      proverKind: 'embedded',
    })
  }
  for (const [index, end] of ends.entries()) {
    const fromBatch = BatchNumber((ends[index - 1] ?? 0) + 1)
    await insertSequence(db, { fromBatch, toBatch: BatchNumber(end), ...place })
  }
})

let nonce = 0
const sent = (fromBatch: number, toBatch: number, status: 'sent' | 'mined' = 'sent') =>
  db.insert(l1Transactions).values({
    ...{ id: `verify-${fromBatch}-${toBatch}`, purpose: 'verify', nonce: nonce++, status, gasLimit: 1 },
    ...{ fromBatch: BatchNumber(fromBatch), toBatch: BatchNumber(toBatch), data: new Uint8Array() },
    ...{ sender: addressOf(1), recipient: addressOf(2), l1BlockNumber: status === 'mined' ? 1 : null },
  })
const verify = (fromBatch: number, toBatch: number) =>
  storeVerification(db, {
    ...{ fromBatch: BatchNumber(fromBatch), toBatch: BatchNumber(toBatch), l1BlockNumber: 1, l1TxHash: hashOf(3) },
    ...{ aggregator: addressOf(1), stateRoot: hashOf(5), exitRoot: ZERO_HASH, trusted: true },
  })
const client = {} as Pick<Client, 'workflow'> // not asked
/** First and last batch of what is to be verified next. */
const run = async (maxBatches = 100) => {
  const { planAggregation } = createAggregationActivities({
    ...{
      db,
      objects: createDatabaseObjectStore(db),
      client,
      sender: addressOf(1),
      verifier: 'attestation',
      sequencer: { batchMaxMs: 1 },
    },
    aggregator: { maxBatches, verifyIntervalMs: 1 },
  })
  const { run: found, target } = await planAggregation({ running: [], isReconciling: false })
  return found && [found.fromBatch, target ?? found.toBatch]
}

test('takes as much as is proven, or as much as whole sequences allow', async () => {
  expect(await run()).toEqual([1, 5])
  expect(await run(3)).toEqual([1, 2])
  await verify(1, 2)
  expect(await run(1)).toEqual([3, 4])
  await db.delete(proofs)
  expect(await run()).toBeNull()
})

test('waits for one that was mined to be read', async () => {
  await sent(1, 2, 'mined')
  expect(await run()).toEqual([3, 5])
})

test('those that L1 forgot come first, one after the other, as they were', async () => {
  await sent(1, 1)
  await sent(2, 4)
  expect(await run()).toEqual([1, 1])
  await verify(1, 1)
  expect(await run(1)).toEqual([2, 4])
  await verify(2, 4)
  expect(await run()).toEqual([5, 5])
})

test('what is before them ends where they begin; what others verified needs them no more', async () => {
  await sent(5, 5)
  expect(await run()).toEqual([1, 4])
  await verify(1, 5)
  expect(await run()).toBeNull()
})

test('one that no longer fits the sequences holds nothing up', async () => {
  await sent(1, 3)
  expect(await run()).toEqual([1, 5])
})
