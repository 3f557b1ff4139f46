import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { MemoryNodeStore } from './memoryNodeStore.ts'
import { getNodeProof, readNodeProof } from './nodeProof.ts'
import { anyChanges, anyKey, buildTree, toKey } from './testTrees.ts'

test('the nodes of a path show the value of every key, and that others have none', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyChanges, anyKey, async (changes, other) => {
      const { store, root } = await buildTree([changes])
      for (const [key, value] of new Map([[other, 0n] as const, ...changes])) {
        const proof = await getNodeProof(store, root, toKey(key))
        expect(readNodeProof(root, toKey(key), proof)).toBe(value)
      }
    }),
    { numRuns: 30 },
  )
})

test('an altered, cut or lengthened proof shows nothing', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyChanges, fc.nat(), async (changes, seed) => {
      const { store, root } = await buildTree([changes])
      const [key] = [...changes][0]!
      const proof = await getNodeProof(store, root, toKey(key))
      for (const [index, element] of proof.entries()) {
        const altered = element.slice()
        altered[seed % Math.min(element.length, 64)]! ^= 1 << (seed % 8)
        expect(readNodeProof(root, toKey(key), proof.with(index, altered))).toBeUndefined()
        expect(readNodeProof(root, toKey(key), proof.slice(0, index))).toBeUndefined()
      }
      expect(readNodeProof(root, toKey(key), [...proof, new Uint8Array(64)])).toBeUndefined()
    }),
    { numRuns: 30 },
  )
})

test('an empty tree needs no nodes', async () => {
  expect(await getNodeProof(new MemoryNodeStore(), ZERO_HASH, toKey(5n))).toEqual([])
  expect(readNodeProof(ZERO_HASH, toKey(5n), [])).toBe(0n)
  expect(readNodeProof(`0x${'01'.repeat(32)}` as Hash, toKey(5n), [])).toBeUndefined()
})
