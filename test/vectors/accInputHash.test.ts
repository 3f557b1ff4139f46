import { expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { accInputHash, preEtrogAccInputHash } from '#protocol/accInputHash.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { Address, Hash } from '#protocol/primitives.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Common = Record<
  'id' | 'oldAccInputHash' | 'batchL2Data' | 'batchHashData' | 'sequencerAddr' | 'newAccInputHash',
  string
>
type Etrog = Common & { form: 'etrog' } & Record<'l1InfoRoot' | 'timestampLimit' | 'forcedBlockHashL1', string>
type PreEtrog = Common & { form: 'pre-etrog' } & Record<'globalExitRoot' | 'timestamp', string>

const file = loadVectors<Etrog | PreEtrog>('acc-input-hash')

describeVectors('acc-input-hash', file, () => {
  test.each(file?.vectors ?? [])('acc-input-hash $id', (vector) => {
    const batchL2DataHash = keccakHex(hexToBytes(vector.batchL2Data))
    expect(batchL2DataHash).toBe(vector.batchHashData)
    const common = {
      oldAccInputHash: Hash(vector.oldAccInputHash),
      batchL2DataHash,
      coinbase: Address(vector.sequencerAddr),
    }
    const hash =
      vector.form === 'etrog'
        ? accInputHash({
            ...common,
            l1InfoRoot: Hash(vector.l1InfoRoot),
            timestampLimit: BigInt(vector.timestampLimit),
            forcedBlockHashL1: Hash(vector.forcedBlockHashL1),
          })
        : preEtrogAccInputHash({
            ...common,
            globalExitRoot: Hash(vector.globalExitRoot),
            timestamp: BigInt(vector.timestamp),
          })
    expect(hash).toBe(vector.newAccInputHash)
  })
})
