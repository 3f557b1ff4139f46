import { afterAll, beforeAll, expect, test } from 'vitest'
import type { VerifierKind } from '#config/schema.ts'
import { closeBatch, openBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { insertSequence, insertVirtualBatch, storeL1Block } from '#db/l1.ts'
import { insertProof, markProofAccepted } from '#db/proofs.ts'
import { BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { createBatchActivities } from './batches.ts'

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
  await markProofAccepted(
    db,
    await insertProof(db, { proofId: 'batch-1-r1', kind: 'batch', ...range, prover: 'test', proof: '{}' }),
  )
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

type Change = { verifier?: VerifierKind; maxBatches?: number; verifyIntervalMs?: number }
const plan = ({ verifier = 'attestation', maxBatches = 100, verifyIntervalMs = 5000 }: Change = {}) => {
  const options = { aggregator: { maxBatches, verifyIntervalMs }, sequencer: { batchMaxMs: 5000 } }
  return createBatchActivities({ db, verifier, ...options }).planVerification()
}

test('attestations are joined sixteen at a time, proofs that only provers read in pairs', async () => {
  expect(await plan()).toMatchObject({ fromBatch: 1, toBatch: 1, waitMs: 5000, proofsPerJob: 16 })
  expect(await plan({ verifier: 'fflonk' })).toMatchObject({ proofsPerJob: 2 })
  expect(await plan({ verifier: 'mock' })).toMatchObject({ proofsPerJob: 2 })
})

test('a run waits for more only when more can come in time', async () => {
  expect(await plan()).toMatchObject({ full: true })
  expect(await plan({ verifyIntervalMs: 5001 })).toMatchObject({ full: false })
  await addBatch(2)
  expect(await plan()).toMatchObject({ full: false })
  expect(await plan({ maxBatches: 1 })).toMatchObject({ full: true })
})
