import { expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { bridgeLeafHash, ExitTree, encodeGlobalIndex } from '#protocol/exitTree.ts'
import { verifyKeccakProof } from '#protocol/keccakTree.ts'
import { Address, Hash } from '#protocol/primitives.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Leaf = { leafType: 0 | 1; originNetwork: number; destinationNetwork: number } & Record<
  'tokenAddress' | 'destinationAddress' | 'amount' | 'metadata' | 'leafValue',
  string
>
type Vector = { id: string } & (
  | ({ type: 'leaf' } & Leaf)
  | ({ type: 'append'; previousLeaves: string[] } & Record<'previousRoot' | 'newLeaf' | 'newRoot', string>)
  | { type: 'proof'; leafs: Leaf[]; index: number; proof: string[]; root: string }
  | { type: 'global-index'; indexLocal: string; indexRollup: string; isMainnet: boolean; globalIndex: string }
)

const file = loadVectors<Vector>('exit-tree')

const hashOf = ({ tokenAddress, destinationAddress, amount, metadata, ...leaf }: Leaf) =>
  bridgeLeafHash({
    ...leaf,
    originAddress: Address(tokenAddress),
    destinationAddress: Address(destinationAddress),
    amount: BigInt(amount),
    metadata: hexToBytes(metadata),
  })

describeVectors('exit-tree', file, () => {
  test.each(file?.vectors ?? [])('exit-tree $id: $type', (vector) => {
    switch (vector.type) {
      case 'leaf':
        return expect(hashOf(vector)).toBe(vector.leafValue)
      case 'append': {
        const tree = new ExitTree(vector.previousLeaves.map(Hash))
        expect(tree.root).toBe(vector.previousRoot)
        tree.append(Hash(vector.newLeaf))
        return expect(tree.root).toBe(vector.newRoot)
      }
      case 'proof': {
        const leaves = vector.leafs.map(hashOf)
        expect(leaves).toEqual(vector.leafs.map(({ leafValue }) => leafValue))
        const tree = new ExitTree(leaves)
        const { index } = vector
        const proof = tree.proof(index)
        expect([tree.root, proof]).toEqual([vector.root, vector.proof])
        return expect(verifyKeccakProof({ leaf: leaves[index]!, index, proof, root: tree.root })).toBe(true)
      }
      case 'global-index': {
        const { indexLocal, indexRollup, isMainnet } = vector
        const index = { isMainnet, rollupIndex: BigInt(indexRollup), localIndex: BigInt(indexLocal) }
        return expect(encodeGlobalIndex(index)).toBe(BigInt(vector.globalIndex))
      }
      default:
        throw new Error('a type of vector nobody checks')
    }
  })
})
