import { expect, test } from 'vitest'
import { blockHash, logsBloom, receiptsRoot, transactionsRoot } from '#protocol/l2Block.ts'
import { BlockNumber, Hash, ZERO_ADDRESS, ZERO_HASH } from '#protocol/primitives.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Vector = { id: string; root: string; genesisTimestamp?: number; gasLimit?: number; blockHash?: string }

const file = loadVectors<Vector>('smt-genesis-networks')

describeVectors('smt-genesis-networks', file, () => {
  const networks = (file?.vectors ?? []).filter((vector) => vector.blockHash !== undefined)

  test.each(networks)(
    'smt-genesis-networks $id: hash of block 0',
    ({ root, genesisTimestamp, gasLimit, ...vector }) => {
      const hash = blockHash({
        number: BlockNumber(0),
        parentHash: ZERO_HASH,
        coinbase: ZERO_ADDRESS,
        stateRoot: Hash(root),
        transactionsRoot: transactionsRoot([]),
        receiptsRoot: receiptsRoot([]),
        logsBloom: logsBloom([]),
        gasLimit: BigInt(gasLimit!),
        gasUsed: 0n,
        timestamp: genesisTimestamp!,
      })
      expect(hash).toBe(vector.blockHash)
    },
  )
})
