import { expect, test } from 'vitest'
import { Address, Hash } from '#protocol/primitives.ts'
import { encodeSnarkInput, inputSnark } from '#protocol/snarkInput.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Hashes =
  | 'oldStateRoot'
  | 'newStateRoot'
  | 'newLocalExitRoot'
  | 'oldAccInputHash'
  | 'newAccInputHash'
  | 'aggregatorAddress'
  | 'inputSnark'
type Vector = { id: string } & Record<Hashes, string> &
  Record<'oldNumBatch' | 'newNumBatch' | 'chainID' | 'forkID', number>

const file = loadVectors<Vector>('snark-input')

describeVectors('snark-input', file, () => {
  test.each(file?.vectors ?? [])('snark-input $id', (vector) => {
    const encoded = encodeSnarkInput({
      aggregator: Address(vector.aggregatorAddress),
      oldStateRoot: Hash(vector.oldStateRoot),
      oldAccInputHash: Hash(vector.oldAccInputHash),
      initNumBatch: vector.oldNumBatch,
      chainId: vector.chainID,
      forkId: vector.forkID,
      newStateRoot: Hash(vector.newStateRoot),
      newAccInputHash: Hash(vector.newAccInputHash),
      newLocalExitRoot: Hash(vector.newLocalExitRoot),
      finalNewBatch: vector.newNumBatch,
    })
    expect(encoded).toHaveLength(212)
    expect(inputSnark(encoded)).toBe(BigInt(vector.inputSnark))
  })
})
