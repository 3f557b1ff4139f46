import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { closeBatch, openBatch } from './batches.ts'
import type { Database } from './client.ts'
import { insertSequence, insertVirtualBatch, storeL1Block, storeVerification } from './l1.ts'
import { insertProof } from './proofs.ts'
import { batches, l1Blocks, l1Transactions, proofs } from './schema.ts'
import { findVerifiableRun } from './verification.ts'

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
    const proof = '{}'
    await insertProof(db, { proofId: `proof-${batchNumber}`, kind: 'batch', ...range, prover: 'test', proof })
  }
  await db.update(proofs).set({ accepted: true })
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
const run = async (maxBatches = 100) => {
  const found = await findVerifiableRun(db, maxBatches)
  return found && [found.fromBatch, found.toBatch, found.proofs.length]
}

test('takes as much as is proven, or as much as whole sequences allow', async () => {
  expect(await run()).toEqual([1, 5, 5])
  expect(await run(3)).toEqual([1, 2, 2])
  await verify(1, 2)
  expect(await run(1)).toEqual([3, 4, 2])
  await db.update(proofs).set({ accepted: false })
  expect(await run()).toBeUndefined()
})

test('waits for one that was mined to be read', async () => {
  await sent(1, 2, 'mined')
  expect(await run()).toEqual([3, 5, 3])
})

test('those that L1 forgot come first, one after the other, as they were', async () => {
  await sent(1, 1)
  await sent(2, 4)
  expect(await run()).toEqual([1, 1, 1])
  await verify(1, 1)
  expect(await run(1)).toEqual([2, 4, 3])
  await verify(2, 4)
  expect(await run()).toEqual([5, 5, 1])
})

test('what is before them ends where they begin; what others verified needs them no more', async () => {
  await sent(5, 5)
  expect(await run()).toEqual([1, 4, 4])
  await verify(1, 5)
  expect(await run()).toBeUndefined()
})

test('one that no longer fits the sequences holds nothing up', async () => {
  await sent(1, 3)
  expect(await run()).toEqual([1, 5, 5])
})
