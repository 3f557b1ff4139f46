import { afterAll, beforeAll, expect, test } from 'vitest'
import { BatchNumber } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { openBatch } from './batches.ts'
import { readBatchMoments } from './batchMoments.ts'
import type { Database } from './client.ts'
import { batches, l1TransactionAttempts, l1Transactions, proofs } from './schema.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close?.())

const at = (second: number) => new Date(1_700_000_000_000 + second * 1000 + 123)
const [four, five, six] = [4, 5, 6].map(BatchNumber) as [BatchNumber, BatchNumber, BatchNumber]

test('a batch has the times of the transactions and proofs that cover it', async () => {
  await openBatch(db, { batchNumber: five, kind: 'trusted', forkId: 9, coinbase: addressOf(1) })
  expect(await readBatchMoments(db, five)).toEqual({})
  const data = { batchL2Data: new Uint8Array(), stateRoot: hashOf(1), closingReason: 'test' }
  await db.update(batches).set({ ...data, closedAt: at(0), checkedAt: at(1) })
  const sending = { sender: addressOf(1), recipient: addressOf(2), data: new Uint8Array(), gasLimit: 1 }
  const fees = { raw: '0x' as const, maxFeePerGas: 1n, maxPriorityFeePerGas: 1n }
  const transactions = [
    { id: 'sequence-4-6', purpose: 'sequence', from: four, to: six, nonce: 0, signed: at(2), mined: at(3) },
    { id: 'sequence-6-6', purpose: 'sequence', from: six, to: six, nonce: 1, signed: at(90), mined: at(91) },
    { id: 'verify-5-5', purpose: 'verify', from: five, to: five, nonce: 2, signed: at(6), mined: at(7) },
  ] as const
  for (const { id, purpose, from, to, nonce, signed, mined } of transactions) {
    const range = { fromBatch: from, toBatch: to, status: 'mined' as const, updatedAt: mined }
    await db.insert(l1Transactions).values({ ...sending, id, purpose, nonce, ...range })
    const form = { id, hash: hashOf(nonce), createdAt: signed, ...fees }
    await db.insert(l1TransactionAttempts).values([form, { ...form, hash: hashOf(100 + nonce), createdAt: at(99) }])
  }
  const proof = { fromBatch: five, toBatch: five, prover: 'test', proverKind: 'embedded' } as const
  await db.insert(proofs).values([
    { ...proof, proofId: 'batch', kind: 'batch', createdAt: at(4) },
    { ...proof, proofId: 'final', kind: 'final', createdAt: at(5) },
  ])
  expect(await readBatchMoments(db, five)).toEqual({
    ...{ sealed: at(0).getTime(), checked: at(1).getTime(), proofMade: at(4).getTime() },
    ...{ sequenceSigned: at(2).getTime(), sequenceMined: at(3).getTime(), finalProofMade: at(5).getTime() },
    ...{ verificationSigned: at(6).getTime(), verificationMined: at(7).getTime() },
  })
})
