import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bigIntToBytes, bytesToBigInt, bytesToHex, hexToBytes } from '#common/bytes.ts'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { getProof, type TreeProof, verifyProof } from './proof.ts'
import { anyChanges, anyKey, buildTree, toKey } from './testTrees.ts'

test('every key has a proof of its value, and none of another', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyChanges, anyKey, async (changes, other) => {
      const { store, root } = await buildTree([changes])
      const last = new Map([[other, 0n] as const, ...changes])
      for (const [key, value] of last) {
        const proof = await getProof(store, root, toKey(key))
        expect(verifyProof(root, toKey(key), value, proof)).toBe(true)
        expect(verifyProof(root, toKey(key), value ^ 1n, proof)).toBe(false)
        expect(verifyProof(root, toKey(key), value === 0n ? 1n : 0n, proof)).toBe(false)
      }
    }),
    { numRuns: 30 },
  )
})

test('any flipped bit of a sibling, of leaf, value, key or root spoils a proof', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyChanges, anyKey, fc.infiniteStream(fc.nat(255)), async (changes, other, bits) => {
      const nextBit = () => bits.next().value as number
      const { store, root } = await buildTree([changes])
      const last = new Map([[other, 0n] as const, ...changes])
      for (const [key, value] of [...last].slice(0, 4)) {
        const proof = await getProof(store, root, toKey(key))
        const { siblings, leaf } = proof
        const altered: TreeProof[] = siblings.map((sibling, index) => ({
          ...proof,
          siblings: siblings.with(index, flip(sibling, nextBit())),
        }))
        if (leaf !== undefined) {
          altered.push({ ...proof, leaf: { ...leaf, key: flip(leaf.key, nextBit()) } })
          altered.push({ ...proof, leaf: { ...leaf, value: leaf.value ^ (1n << BigInt(nextBit())) } })
          altered.push({ ...proof, leaf: undefined })
        }
        if (siblings.length > 0) altered.push({ ...proof, siblings: siblings.slice(1) })
        altered.push({ ...proof, siblings: [...siblings, ZERO_HASH] })
        for (const one of altered) expect(verifyProof(root, toKey(key), value, one)).toBe(false)
        expect(verifyProof(flip(root, nextBit()), toKey(key), value, proof)).toBe(false)
        expect(verifyProof(root, toKey(key), value ^ (1n << BigInt(nextBit())), proof)).toBe(false)
        // The proof of an absent key is one of its absent neighbours too, and never of a value.
        const neighbour = key ^ (1n << BigInt(nextBit()))
        if (verifyProof(root, toKey(neighbour), value, proof))
          expect([value, last.get(neighbour) ?? 0n]).toEqual([0n, 0n])
      }
    }),
    { numRuns: 12 },
  )
})

test('no bit of a proof, key, value or root can change', { timeout: 60_000 }, async () => {
  const key = 0x123456789abcdef0fedcba98765432100f1e2d3c4b5a69788796a5b4c3d2e1f0n
  const { store, root } = await buildTree([Array.from({ length: 30 }, (_, i) => [key + BigInt(i), 9n + BigInt(i)])])
  const absent = key ^ (1n << 200n) // ends at the leaf of another key
  for (const [wanted, value] of [
    [key, 9n],
    [absent, 0n],
  ] as const) {
    const proof = await getProof(store, root, toKey(wanted))
    expect(proof.leaf).toBeDefined()
    expect(verifyProof(root, toKey(wanted), value, proof)).toBe(true)
    const leaf = proof.leaf!
    for (let bit = 0; bit < 256; bit++) {
      const altered: TreeProof[] = [
        { ...proof, leaf: { ...leaf, key: flip(leaf.key, bit) } },
        { ...proof, leaf: { ...leaf, value: leaf.value ^ (1n << BigInt(bit)) } },
        ...proof.siblings.map((sibling, i) => ({ ...proof, siblings: proof.siblings.with(i, flip(sibling, bit)) })),
      ]
      for (const one of altered) expect(verifyProof(root, toKey(wanted), value, one)).toBe(false)
      expect(verifyProof(flip(root, bit), toKey(wanted), value, proof)).toBe(false)
      expect(verifyProof(root, toKey(wanted), value ^ (1n << BigInt(bit)), proof)).toBe(false)
    }
  }
  const proof = await getProof(store, root, toKey(key))
  expect(verifyProof(root, toKey(key), 9n, { ...proof, siblings: proof.siblings.slice(1) })).toBe(false)
  expect(verifyProof(root, toKey(key), 9n, { ...proof, siblings: [...proof.siblings, ZERO_HASH] })).toBe(false)
  expect(verifyProof(root, toKey(key), 0n, { ...proof, leaf: undefined })).toBe(false)
})

test('an element is proven in its one form below p only', async () => {
  const p = 0xffffffff00000001n
  const { store, root } = await buildTree([[[5n, 1n]]])
  const proof = await getProof(store, root, toKey(5n))
  const sameModuloP = bytesToHex(bigIntToBytes(5n + p, 32)) as Hash
  // As key of the leaf it would hash the same, and prove that key 5 has no value.
  expect(verifyProof(root, toKey(5n), 0n, { ...proof, leaf: { key: sameModuloP, value: 1n } })).toBe(false)
})

test('so is an element of a sibling', async () => {
  const { store, root } = await buildTree([[1n, 3n].map((key) => [key << 1n, 1n] as const)])
  const proof = await getProof(store, root, toKey(2n))
  const empty = proof.siblings.indexOf(ZERO_HASH)
  const sameModuloP = bytesToHex(bigIntToBytes(0xffffffff00000001n, 32)) as Hash
  expect(verifyProof(root, toKey(2n), 1n, proof)).toBe(true)
  expect(verifyProof(root, toKey(2n), 1n, { ...proof, siblings: proof.siblings.with(empty, sameModuloP) })).toBe(false)
})

test('the proof of an empty tree', async () => {
  const { store } = await buildTree([])
  const proof = await getProof(store, ZERO_HASH, toKey(1n))
  expect(proof).toEqual({ siblings: [], leaf: undefined })
  expect(verifyProof(ZERO_HASH, toKey(1n), 0n, proof)).toBe(true)
  expect(verifyProof(ZERO_HASH, toKey(1n), 1n, proof)).toBe(false)
})

const flip = (hash: Hash, bit: number) =>
  bytesToHex(bigIntToBytes(bytesToBigInt(hexToBytes(hash)) ^ (1n << BigInt(bit)), 32)) as Hash
