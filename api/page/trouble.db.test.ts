import { afterAll, beforeAll, expect, test } from 'vitest'
import { l1Transactions, proofs, virtualBatches } from '#db/schema.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { addressOf } from '#test/blocks.ts'
import { type ChainApi, startChainApi } from '../tests/testChain.ts'

let api: ChainApi
beforeAll(async () => {
  api = await startChainApi()
})
afterAll(() => api?.close())

const BATCH = BatchNumber(2)
const get = async (path: string) => await (await fetch(api.url + path, { headers: { accept: 'text/html' } })).text()
/** Steps of the track of the batch, from collecting on. */
const trackOf = (page: string) =>
  [...(/data-batch="2".*?<ol class="track".*?<\/ol>/.exec(page)?.[0] ?? '').matchAll(/<li class="(\w+)"/g)].map(
    ([, name]) => name,
  )

/** One reading of / serves all who ask within a moment. */
const reaches = (track: string[]) =>
  expect.poll(async () => trackOf(await get('/')), { timeout: 10_000 }).toEqual(track)

async function addReverted(purpose: 'sequence' | 'verify', error: string): Promise<void> {
  await api.db.insert(l1Transactions).values({
    ...{ id: `${purpose}-2-2`, purpose, fromBatch: BATCH, toBatch: BATCH, status: 'reverted', error },
    ...{ sender: addressOf(1), recipient: addressOf(2), nonce: purpose === 'verify' ? 1 : 0, gasLimit: 1 },
    data: new Uint8Array(),
  })
}

test('a batch on its way has none', async () => {
  const page = await get('/')
  expect(trackOf(page)).toEqual(['done', 'done', 'done', 'now', 'todo', 'todo', 'todo'])
  expect(page).not.toContain('class="failure"')
})

test('a verification that was reverted is told as such, with what to do', async () => {
  await api.db.insert(proofs).values({
    ...{ proofId: 'batch-2-r1', kind: 'batch', fromBatch: BATCH, toBatch: BATCH, prover: 'test' },
  })
  await addReverted('verify', 'InvalidProof <b>')
  await reaches(['done', 'done', 'done', 'done', 'done', 'failed', 'todo'])
  for (const page of [await get('/'), await get('/batch/2')]) {
    expect(page).toContain('<strong>L1 took its verification and reverted it.</strong> InvalidProof &lt;b&gt;')
    expect(page).toContain('docs/runbooks/verification-reverted.md')
    expect(page).not.toContain('zknode proofs retry')
  }
})

test('so is a sequence', async () => {
  await api.db.delete(l1Transactions)
  await api.db.delete(virtualBatches)
  await addReverted('sequence', 'OnlyTrustedSequencer')
  await reaches(['done', 'done', 'failed', 'todo', 'todo', 'todo', 'todo'])
  const page = await get('/')
  expect(page).toContain('<strong>L1 refused its sequence.</strong> OnlyTrustedSequencer')
  expect(page).toContain('docs/runbooks/sequence-reverted.md')
})
