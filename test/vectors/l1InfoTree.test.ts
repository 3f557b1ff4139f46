import { expect, test } from 'vitest'
import { verifyKeccakProof } from '#protocol/keccakTree.ts'
import { EMPTY_L1_INFO_LEAF_HASH, L1InfoTree, l1InfoLeafHash, verifyL1InfoProof } from '#protocol/l1InfoTree.ts'
import { Hash } from '#protocol/primitives.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Leaf = Record<'globalExitRoot' | 'blockHash' | 'timestamp' | 'leaf', string>
type Proof = { index: number; proof: string[]; root: string }
type Vector = { id: string } & (
  | { type: 'leaves-root'; leaves: Leaf[]; root: string }
  | ({ type: 'append'; previousLeaves: string[] } & Record<'previousRoot' | 'newLeaf' | 'newRoot', string>)
  | ({ type: 'proof'; leaves: string[] } & Proof)
  | ({ type: 'verify-proof'; valid: boolean } & Proof & Leaf)
)

const file = loadVectors<Vector>('l1-info-tree')

const hashOf = ({ globalExitRoot, blockHash, timestamp }: Leaf) =>
  l1InfoLeafHash({
    globalExitRoot: Hash(globalExitRoot),
    blockHashL1: Hash(blockHash),
    timestamp: BigInt(timestamp),
  })

describeVectors('l1-info-tree', file, () => {
  test.each(file?.vectors ?? [])('l1-info-tree $id: $type', (vector) => {
    switch (vector.type) {
      case 'leaves-root': {
        expect(vector.leaves.map(hashOf)).toEqual(vector.leaves.map(({ leaf }) => leaf))
        expect(new L1InfoTree(vector.leaves.map(hashOf)).root).toBe(vector.root)
        return
      }
      case 'append': {
        const tree = new L1InfoTree(vector.previousLeaves.map(Hash))
        expect(tree.root).toBe(vector.previousRoot)
        expect(tree.append(Hash(vector.newLeaf))).toBe(vector.previousLeaves.length)
        expect(tree.root).toBe(vector.newRoot)
        return
      }
      case 'proof': {
        const { leaves, index, root } = vector
        const tree = new L1InfoTree(leaves.map(Hash))
        const proof = tree.proof(index)
        expect(proof).toEqual(vector.proof)
        expect(verifyKeccakProof({ leaf: Hash(leaves[index]!), index, proof, root: Hash(root) })).toBe(true)
        return
      }
      case 'verify-proof': {
        const leaf = hashOf(vector)
        expect(leaf).toBe(vector.leaf)
        const proof = vector.proof.map(Hash)
        expect(verifyKeccakProof({ leaf, index: vector.index, proof, root: Hash(vector.root) })).toBe(vector.valid)
        // `valid` is the plain fold; the zkEVM program reads the leaf of zeros as missing, which this proof shows.
        const isProgramValid = leaf === EMPTY_L1_INFO_LEAF_HASH ? true : vector.valid
        expect(verifyL1InfoProof({ leaf, index: vector.index, proof, root: Hash(vector.root) })).toBe(isProgramValid)
        return
      }
      default:
        throw new Error('a type of vector nobody checks')
    }
  })
})
