import { expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { executeBatch } from '#executor/executeBatch.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import { decodeWitness, encodeWitness } from '#merkletree/witness.ts'
import { Address, Hash, type Hex } from '#protocol/primitives.ts'
import { readNodes } from '#test/remoteProver/readInput.ts'
import { describeVectors } from '#test/vectors/describe.ts'
import { loadVectors } from '#test/vectors/load.ts'
import { witnessToDatabase } from './stateDatabase.ts'

type ProverInput = {
  id: string
  type: string
  input: {
    oldStateRoot: Hex
    newStateRoot: Hex
    newAccInputHash: Hex
    oldAccInputHash: Hex
    chainID: number
    forkID: number
    batchL2Data: Hex
    l1InfoRoot: Hex
    timestampLimit: string
    sequencerAddr: Hex
    forcedBlockHashL1: Hex
    contractsBytecode: Record<Hex, string>
    db: Record<Hex, string[]>
  }
}

const KIND = 'prover-vectors'
const file = loadVectors<ProverInput>(KIND)

describeVectors(KIND, file, () => {
  const inputs = (file?.vectors ?? []).filter(({ type }) => type === 'batch-proof-input')
  test('there are inputs of three batches', () => expect(inputs).toHaveLength(3))

  test.each(inputs)('$id: the state a prover is sent is that of the production prover', async ({ input }) => {
    const theirs = Object.fromEntries(
      Object.entries(input.db).map(([hash, words]) => [hash.slice(2).padStart(64, '0'), words.join('')]),
    )
    const witness = encodeWitness(Hash(input.oldStateRoot), readNodes(theirs))
    const ours = await witnessToDatabase(witness)
    expect(ours.root).toBe(input.oldStateRoot)
    expect(ours.db).toEqual(theirs)
  })

  test.each(inputs)('$id: a batch runs on it', async ({ input }) => {
    const db = Object.fromEntries(
      Object.entries(input.db).map(([hash, words]) => [hash.slice(2).padStart(64, '0'), words.join('')]),
    )
    const { root, store, codes } = decodeWitness(encodeWitness(Hash(input.oldStateRoot), readNodes(db)))
    const result = await executeBatch(
      {
        ...{ forkId: input.forkID, chainId: input.chainID, oldStateRoot: root, l1InfoTreeData: new Map() },
        ...{ oldAccInputHash: Hash(input.oldAccInputHash), batchL2Data: hexToBytes(input.batchL2Data) },
        ...{ l1InfoRoot: Hash(input.l1InfoRoot), timestampLimit: Number(input.timestampLimit) },
        ...{ coinbase: Address(input.sequencerAddr), forcedBlockHashL1: Hash(input.forcedBlockHashL1) },
      },
      { reader: createTreeStateReader(store, root, codes), store },
    )
    expect(result).toMatchObject({ newStateRoot: input.newStateRoot, newAccInputHash: input.newAccInputHash })
  })
})
