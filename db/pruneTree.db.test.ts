import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { balanceKey } from '#merkletree/keys.ts'
import { readTree, type TreeChange, updateTree } from '#merkletree/tree.ts'
import { INTERNAL_BYTES } from '#merkletree/walk.ts'
import { BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, blockOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { openBatch } from './batches.ts'
import { storeBlock } from './blocks.ts'
import type { Database } from './client.ts'
import { removeTreeNodes } from './pruneTree.ts'
import { createDatabaseNodeStore } from './treeNodes.ts'

let db: Database
let close: () => Promise<void>
let roots: Hash[]
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close())
beforeEach(async () => {
  await db.execute(sql`truncate state.batches, state.l2_blocks, tree.nodes cascade`)
  await openBatch(db, { batchNumber: BatchNumber(0), kind: 'genesis', forkId: 9, coinbase: addressOf(0) })
  roots = []
})

/** As random as those of a state: no two have the same end. */
const key = (number: number) => balanceKey(addressOf(number))

async function addBlock(values: Record<number, bigint>): Promise<void> {
  const changes: TreeChange[] = Object.entries(values).map(([number, value]) => ({ key: key(Number(number)), value }))
  const store = createDatabaseNodeStore(db)
  const { root, newNodes } = await updateTree(store, roots.at(-1) ?? ZERO_HASH, changes)
  await storeBlock(db, blockOf(roots.length, 0, { block: { stateRoot: root }, newNodes }))
  roots.push(root)
}

/** Of the trees after these blocks. */
async function reachable(blocks: readonly number[]): Promise<Set<string>> {
  const store = createDatabaseNodeStore(db)
  const found = new Set<string>()
  const visit = async (hash: Uint8Array): Promise<void> => {
    if (hash.every((byte) => byte === 0) || found.has(bytesToHex(hash))) return
    const [data] = await store.getNodes([hash])
    expect(data, bytesToHex(hash)).toBeDefined()
    found.add(bytesToHex(hash))
    if (data!.length !== INTERNAL_BYTES) return
    await visit(data!.subarray(0, 32))
    await visit(data!.subarray(32, 64))
  }
  for (const block of blocks) await visit(hexToBytes(roots[block]!))
  return found
}

async function storedNodes(): Promise<Set<string>> {
  const rows = await db.execute<{ hash: Uint8Array }>(sql`select hash from tree.nodes`)
  return new Set(rows.map(({ hash }) => bytesToHex(hash)))
}

const from = (first: number) => roots.map((_, block) => block).filter((block) => block >= first)

test('exactly the nodes go that no tree from before the oldest block on has', async () => {
  await addBlock({ 1: 1n, 2: 2n, 3: 3n, 9: 9n })
  for (let block = 1; block < 12; block++) await addBlock({ 1: BigInt(block), [10 + block]: 5n, [9 + block]: 0n })
  await removeTreeNodes(db, { first: 0, last: 2, oldest: 6 })
  await removeTreeNodes(db, { first: 3, last: 5, oldest: 6 })
  expect(await storedNodes()).toEqual(await reachable(from(5)))
  await removeTreeNodes(db, { first: 6, last: 9, oldest: 10 })
  expect(await storedNodes()).toEqual(await reachable(from(9)))
  expect(await readTree(createDatabaseNodeStore(db), roots[11]!, [key(1), key(3), key(21)])).toEqual([11n, 3n, 5n])
})

test('a state that comes back after the oldest block keeps its nodes', async () => {
  await addBlock({ 1: 1n, 2: 2n })
  const [away, back] = [
    { 1: 7n, 2: 8n },
    { 1: 1n, 2: 2n },
  ]
  await addBlock(away)
  await addBlock(away)
  await addBlock(back)
  expect(roots[3]).toBe(roots[0])
  await removeTreeNodes(db, { first: 0, last: 1, oldest: 2 })
  expect(await storedNodes()).toEqual(await reachable([1, 2, 3]))
})

test('removing again what is gone changes nothing', async () => {
  await addBlock({ 1: 1n, 2: 2n })
  for (let block = 1; block < 6; block++) await addBlock({ 2: BigInt(block) * 10n })
  for (let times = 0; times < 2; times++) await removeTreeNodes(db, { first: 0, last: 3, oldest: 5 })
  expect(await storedNodes()).toEqual(await reachable(from(4)))
})

test('trees of nothing and of one leaf are trees too', async () => {
  await addBlock({})
  await addBlock({ 1: 1n })
  await addBlock({ 1: 2n })
  await addBlock({ 1: 0n })
  await removeTreeNodes(db, { first: 0, last: 2, oldest: 4 })
  expect(await storedNodes()).toEqual(new Set())
})
