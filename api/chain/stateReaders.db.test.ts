import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBatch } from '#db/batches.ts'
import { storeBlock } from '#db/blocks.ts'
import { deleteBatchesFrom } from '#db/undoBatches.ts'
import { BatchNumber, type BlockNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, blockOf, hashOf } from '#test/blocks.ts'
import { startTestApi, type TestApi } from '../tests/testServer.ts'
import { createStateReaders } from './stateReaders.ts'

const [alice, bob] = [addressOf(0xa), addressOf(0xb)]
const slots = [
  { address: alice, slot: 1n },
  { address: alice, slot: 2n },
]

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api?.close())

/** Block 1 as one of several that may stand there: balances are its version. */
async function storeVersion(version: number) {
  const account = { nonce: 0n, balance: BigInt(version), codeHash: ZERO_HASH, codeSize: 0 }
  await api.db.transaction(async (tx) => {
    const batchNumber = BatchNumber(1)
    await deleteBatchesFrom(tx, batchNumber)
    await openBatch(tx, { batchNumber, kind: 'synced', forkId: 9, coinbase: addressOf(0) })
    const accounts = new Map([alice, bob].map((address) => [address, account]))
    const storage = slots.map((slot) => ({ ...slot, value: BigInt(version) }))
    const changes = { accounts, storage, codes: new Map() }
    await storeBlock(tx, blockOf(1, 1, { block: { hash: hashOf(version) }, changes }))
  })
  return { blockNumber: 1 as BlockNumber, hash: hashOf(version) }
}

test('what was read of a block that is gone stays right, and nothing of its successor is taken for it', async () => {
  const stateAt = createStateReaders(api.db)
  const balanceOf = async (header: Parameters<typeof stateAt>[0], address: typeof alice) =>
    (await stateAt(header).getAccounts([address]))[0]!.balance
  const [first] = [await storeVersion(1001)]
  expect(await balanceOf(first, alice)).toBe(1001n)
  expect(await stateAt(first).getStorage(slots.slice(0, 1))).toEqual([1001n])

  const second = await storeVersion(1002)
  expect(await balanceOf(first, alice)).toBe(1001n)
  await expect(balanceOf(first, bob)).rejects.toMatchObject({ code: -32000, shortMessage: 'header not found' })
  await expect(stateAt(first).getStorage(slots)).rejects.toMatchObject({ shortMessage: 'header not found' })
  expect(await balanceOf(second, bob)).toBe(1002n)
  expect(await stateAt(second).getStorage(slots)).toEqual([1002n, 1002n])

  await storeVersion(1001)
  expect(await balanceOf(first, bob)).toBe(1001n)
  await expect(balanceOf(second, addressOf(0xc))).rejects.toMatchObject({ shortMessage: 'header not found' })
})
