import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { bridgeLeafHash, decodeGlobalIndex, ExitTree, encodeGlobalIndex, rollupExitTree } from './exitTree.ts'
import {
  EMPTY_TREE_ROOT,
  KeccakTree,
  rootOfProof,
  TreeIndexError,
  verifyKeccakProof,
  ZERO_HASHES,
} from './keccakTree.ts'
import { EMPTY_L1_INFO_LEAF_HASH, L1InfoTree, l1InfoLeafHash, verifyL1InfoProof } from './l1InfoTree.ts'
import { Address, type Hash, Hash as toHash, ZERO_ADDRESS, ZERO_HASH } from './primitives.ts'

const filled = (byte: string) => toHash(`0x${byte.repeat(32)}`)
const hashes = (maxLength: number) =>
  fc.array(
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => bytesToHex(bytes) as Hash),
    { minLength: 1, maxLength },
  )

describe('a keccak tree', () => {
  test('is empty at first', () => {
    expect(new KeccakTree().root).toBe('0x27ae5ba08d7291c96c8cbddcc148bf48a6d68c7974b94356f53754ef6171d757')
    expect(EMPTY_TREE_ROOT).toBe(ZERO_HASHES[32])
  })

  test('proves every leaf against every size that holds it, and no other leaf', () => {
    fc.assert(
      fc.property(hashes(20), (leaves) => {
        const tree = new KeccakTree(leaves)
        for (let count = 1; count <= leaves.length; count++) {
          const root = new KeccakTree(leaves.slice(0, count)).root
          expect(tree.rootAt(count)).toBe(root)
          for (let index = 0; index < count; index++) {
            const proof = tree.proof(index, count)
            const leaf = leaves[index]!
            expect(verifyKeccakProof({ leaf, index, proof, root })).toBe(true)
            expect(verifyKeccakProof({ leaf: filled('ee'), index, proof, root })).toBe(false)
            expect(verifyKeccakProof({ leaf, index, proof: proof.slice(1), root })).toBe(false)
            expect(verifyKeccakProof({ leaf, index: index + 2 ** 32, proof, root })).toBe(false)
          }
        }
      }),
      { numRuns: 10 },
    )
  })

  test('is as it was when appends are undone', () => {
    fc.assert(
      fc.property(hashes(40), hashes(10), fc.nat(40), (leaves, others, kept) => {
        const count = Math.min(kept, leaves.length)
        const tree = new KeccakTree(leaves)
        tree.truncate(count)
        for (const leaf of others) tree.append(leaf)
        const expected = new KeccakTree([...leaves.slice(0, count), ...others])
        expect([tree.count, tree.root]).toEqual([expected.count, expected.root])
        expect(tree.proof(0)).toEqual(expected.proof(0))
      }),
      { numRuns: 20 },
    )
  })

  test('refuses leaves and sizes it does not have', () => {
    const tree = new KeccakTree([filled('01'), filled('02')])
    expect(tree.leaf(1)).toBe(filled('02'))
    for (const act of [
      () => tree.leaf(2),
      () => tree.proof(2),
      () => tree.proof(1, 1),
      () => tree.proof(-1),
      () => tree.proof(0.5),
      () => tree.rootAt(3),
      () => tree.truncate(3),
    ])
      expect(act).toThrow(TreeIndexError)
  })

  test('proves of every size where it has no leaf', () => {
    fc.assert(
      fc.property(hashes(20), fc.nat(20), fc.oneof(fc.nat(25), fc.nat(2 ** 32 - 1)), (leaves, count, index) => {
        const tree = new KeccakTree(leaves)
        const leafCount = Math.min(count, leaves.length)
        if (index < leafCount) {
          expect(() => tree.vacancyProof(index, leafCount)).toThrow(TreeIndexError)
          return
        }
        const proof = tree.vacancyProof(index, leafCount)
        const root = new KeccakTree(leaves.slice(0, leafCount)).root
        expect(verifyKeccakProof({ leaf: ZERO_HASH, index, proof, root })).toBe(true)
        expect(verifyKeccakProof({ leaf: filled('ee'), index, proof, root })).toBe(false)
      }),
    )
    expect(() => new KeccakTree().vacancyProof(2 ** 32)).toThrow(TreeIndexError)
  })

  test('is not confused by an index beyond 2^31', () => {
    const index = 2 ** 32 - 1
    const proof = Array.from({ length: 32 }, () => filled('07'))
    const root = rootOfProof(filled('01'), index, proof)
    expect(verifyKeccakProof({ leaf: filled('01'), index, proof, root })).toBe(true)
    expect(verifyKeccakProof({ leaf: filled('01'), index: index - 2 ** 31, proof, root })).toBe(false)
  })
})

describe('the L1 info tree', () => {
  const leaves = [
    { globalExitRoot: filled('a1'), blockHashL1: filled('b1'), timestamp: 1_699_999_000 },
    { globalExitRoot: filled('a2'), blockHashL1: filled('b2'), timestamp: 1_699_999_900 },
  ]

  test('has the leaves and roots of the reference', () => {
    expect(leaves.map(l1InfoLeafHash)).toEqual([
      '0x213d8e0d9465045aa9c9530adc62e3235d4380723408c1e79a2e57031d7834f9',
      '0x30998d43b8da217d97e1ea45639857dafd74423aa34a60dc0f892c3733bc76aa',
    ])
    const tree = new L1InfoTree()
    expect(leaves.map((leaf) => tree.appendLeaf(leaf))).toEqual([0, 1])
    expect([tree.rootAt(1), tree.root]).toEqual([
      '0x9f9434ecfbb3b3541b7e9e2acb8fac0d496a3095b28454cbbfd45dbecd28e648',
      '0x7184aaf13b0f7171188eef783567f8e8e727dce6ac2badf78c75e29eaebe4be1',
    ])
  })

  test('reads the leaf of zeros as a missing one', () => {
    expect(EMPTY_L1_INFO_LEAF_HASH).toBe('0x3cac317908c699fe873a7f6ee4e8cd63fbe9918b2315c97be91585590168e301')
    const tree = new L1InfoTree(leaves.map(l1InfoLeafHash))
    const larger = new L1InfoTree([...leaves.map(l1InfoLeafHash), ZERO_HASH])
    expect(larger.root).toBe(tree.root)
    const absent = { leaf: EMPTY_L1_INFO_LEAF_HASH, index: 2, proof: larger.proof(2), root: tree.root }
    expect(verifyL1InfoProof(absent)).toBe(true)
    expect(verifyKeccakProof(absent)).toBe(false)
    expect(verifyL1InfoProof({ ...absent, index: 1, proof: tree.proof(1) })).toBe(false)
  })
})

describe('exits', () => {
  const leaf = {
    leafType: 0,
    originNetwork: 0,
    originAddress: ZERO_ADDRESS,
    destinationNetwork: 1,
    destinationAddress: Address('0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A'),
    amount: 5n,
    metadata: new Uint8Array(),
  } as const

  test('have the leaf hash of the reference', () => {
    expect(bridgeLeafHash(leaf)).toBe('0xb91e63bd6525f6af0a54cf7cba70389a9ec1977443e64a13b91e40790750059d')
    expect(bridgeLeafHash({ ...leaf, metadata: hexToBytes('0x00') })).not.toBe(bridgeLeafHash(leaf))
    const tree = new ExitTree()
    expect([tree.appendExit(leaf), tree.leaf(0)]).toEqual([0, bridgeLeafHash(leaf)])
  })

  test('of rollups without any leave the tree empty', () => {
    expect(rollupExitTree([ZERO_HASH, ZERO_HASH]).root).toBe(EMPTY_TREE_ROOT)
    expect(rollupExitTree([ZERO_HASH, filled('01')]).root).not.toBe(rollupExitTree([filled('01')]).root)
  })

  test('are named by a global index', () => {
    const uint32 = fc.integer({ min: 0, max: 0xffffffff })
    fc.assert(
      fc.property(fc.boolean(), uint32, uint32, (isMainnet, rollupIndex, localIndex) => {
        const index = { isMainnet, rollupIndex: isMainnet ? 0 : rollupIndex, localIndex }
        expect(decodeGlobalIndex(encodeGlobalIndex(index))).toEqual(index)
      }),
    )
    expect(decodeGlobalIndex((1n << 65n) + (3n << 32n) + 4n)).toEqual({
      isMainnet: false,
      rollupIndex: 3,
      localIndex: 4,
    })
  })
})
