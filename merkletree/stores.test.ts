import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { createCachedNodeStore } from './cachedNodeStore.ts'
import { NodeArena } from './nodeArena.ts'
import type { StoredNode } from './nodeStore.ts'

const randomNode = (): StoredNode => ({ hash: randomBytes(32), data: randomBytes(64 + (randomBytes(1)[0]! & 1)) })

test('an arena gives back every node as it was, and nothing else', () => {
  const arena = new NodeArena()
  const nodes = Array.from({ length: 3000 }, randomNode)
  // The same last bytes: found by the whole hash.
  for (const { hash } of nodes.slice(0, 50)) hash.set([1, 2, 3, 4], 28)
  for (const { hash, data } of nodes) arena.add(hash, data)
  for (const { hash, data } of nodes) arena.add(hash, data)
  expect(arena.size).toBe(nodes.length)
  for (const { hash, data } of nodes) expect(Buffer.compare(arena.find(hash)!, data)).toBe(0)
  expect(arena.find(randomBytes(32))).toBeUndefined()
  const close = Uint8Array.from(nodes[0]!.hash)
  close[0]! ^= 1
  expect(arena.find(close)).toBeUndefined()
})

test('a cache asks once, keeps what is used and stays within its bound', async () => {
  const nodes = Array.from({ length: 100 }, randomNode)
  const asked: Uint8Array[] = []
  const below = new NodeArena()
  for (const { hash, data } of nodes) below.add(hash, data)
  const store = {
    getNodes: async (hashes: readonly Uint8Array[]) => {
      asked.push(...hashes)
      return hashes.map((hash) => below.find(hash))
    },
  }
  const cache = createCachedNodeStore(store, { maxNodes: 20 })
  const used = nodes[0]!
  for (const { hash, data } of nodes) {
    const [found, again] = await cache.getNodes([hash, used.hash])
    expect(Buffer.compare(found!, data)).toBe(0)
    expect(Buffer.compare(again!, used.data)).toBe(0)
  }
  expect(asked.filter((hash) => Buffer.compare(hash, used.hash) === 0).length).toBeLessThanOrEqual(2)
  asked.length = 0
  await cache.getNodes(nodes.map(({ hash }) => hash))
  expect(asked.length).toBeGreaterThanOrEqual(80)
  const unknown = randomNode()
  expect(await cache.getNodes([unknown.hash])).toEqual([undefined])
  cache.add([unknown])
  expect(Buffer.compare((await cache.getNodes([unknown.hash]))[0]!, unknown.data)).toBe(0)
})
