import { expect, test } from 'vitest'
import { bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { preEtrogAccInputHash } from '#protocol/accInputHash.ts'
import { BatchDecodeError, type BatchItem, decodeBatchL2Data, encodeBatchTransaction } from '#protocol/batchL2Data.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { Address, Hash } from '#protocol/primitives.ts'
import { recoverSender } from '#protocol/transaction.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Vector = {
  id: string
  forkID: number
  oldStateRoot: string
  oldAccInputHash: string
  batch: Record<'batchL2Data' | 'sequencerAddr' | 'timestamp' | 'globalExitRoot', string>
  expected: Record<'newStateRoot' | 'newAccInputHash' | 'batchHashData', string>
  reference?: { batchInvalid?: boolean; txs?: { from?: string }[] }
}

const file = loadVectors<Vector>('state-transition-fork6')

/** Forks before etrog are decoded and their inputs hashed; the executor starts with fork 7. */
describeVectors('state-transition-fork6', file, () => {
  test.each(file?.vectors ?? [])('state-transition-fork6 $id: decoding and accInputHash', (vector) => {
    const { batch, expected, reference } = vector
    const batchL2Data = hexToBytes(batch.batchL2Data)
    const batchL2DataHash = keccakHex(batchL2Data)
    expect(batchL2DataHash).toBe(expected.batchHashData)
    const hash = preEtrogAccInputHash({
      oldAccInputHash: Hash(vector.oldAccInputHash),
      batchL2DataHash,
      globalExitRoot: Hash(batch.globalExitRoot),
      timestamp: BigInt(batch.timestamp),
      coinbase: Address(batch.sequencerAddr),
    })
    expect(hash).toBe(expected.newAccInputHash)

    const decode = () => decodeBatchL2Data(batchL2Data, { forkId: vector.forkID, forced: false })
    const items = reference?.batchInvalid === true ? decodeOrNothing(decode) : decode()
    if (items === undefined) return expect(expected.newStateRoot).toBe(vector.oldStateRoot)
    const transactions = items.filter((item) => item.kind === 'transaction')
    expect(transactions).toHaveLength(items.length)
    const encoded = transactions.map((item) => encodeBatchTransaction(item.transaction, item.effectivePercentage))
    expect(bytesToHex(concatBytes(...encoded))).toBe(batch.batchL2Data.toLowerCase())
    if (reference?.txs === undefined) return
    expect(transactions).toHaveLength(reference.txs.length)
    for (const [index, { from }] of reference.txs.entries())
      if (from !== undefined) expect(recoverSender(transactions[index]!.transaction)).toBe(from.toLowerCase())
  })
})

/** A batch the reference calls invalid may be one that does not decode. */
function decodeOrNothing(decode: () => BatchItem[]): BatchItem[] | undefined {
  try {
    return decode()
  } catch (error) {
    if (error instanceof BatchDecodeError) return undefined
    throw error
  }
}
