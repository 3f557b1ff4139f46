import { expect, test } from 'vitest'
import { bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import {
  BatchDecodeError,
  type BatchItem,
  decodeBatchL2Data,
  encodeBatchTransaction,
  encodeChangeL2Block,
  encodedTransactionSize,
} from '#protocol/batchL2Data.ts'
import { rlpListSizeBytes } from '#protocol/rlp.ts'
import { decodeRawTransaction, encodeRawTransaction, type Transaction } from '#protocol/transaction.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Quantity = string | null
type Decoded = Record<'nonce' | 'gasPrice' | 'gasLimit' | 'value' | 'data' | 'r' | 's' | 'v', string> & {
  to: string | null
  chainID: Quantity
  effectivePercentage?: string
}
type Item = { type: 'changeL2Block'; deltaTimestamp: number; indexL1InfoTree: number } | ({ type: string } & Decoded)
type Vector = {
  id: string
  type: string
  validated: boolean
  forkID?: number
  valid?: boolean
  batchL2Data?: string
} & {
  customRawTx: string
  rawTx: string
  decoded: Decoded
  items: Item[]
  encoded: string
  deltaTimestamp: number
  indexL1InfoTree: number
  data: string
  length: number
  txsPerBlock: number[]
  txs: number
}

const file = loadVectors<Vector>('batch-codec')
const ofType = (...types: string[]) => (file?.vectors ?? []).filter(({ type }) => types.includes(type))
const forced = { forkId: 9, forced: true }

/** A hex quantity without digits is zero. */
const quantity = (hex: string) => BigInt(hex === '0x' ? 0 : hex)

function expected(decoded: Decoded): Transaction {
  const { nonce, gasPrice, gasLimit, to, value, data, chainID, r, s, v } = decoded
  return {
    nonce: quantity(nonce),
    gasPrice: quantity(gasPrice),
    gasLimit: quantity(gasLimit),
    to: (to?.toLowerCase() ?? undefined) as Transaction['to'],
    value: quantity(value),
    data: hexToBytes(data),
    chainId: chainID === null ? undefined : quantity(chainID),
    r: quantity(r),
    s: quantity(s),
    v: Number(v),
  }
}

const encodeItem = (item: BatchItem) =>
  item.kind === 'changeL2Block'
    ? encodeChangeL2Block(item)
    : encodeBatchTransaction(item.transaction, item.effectivePercentage)

function transactionsPerBlock(items: BatchItem[]): number[] {
  const counts: number[] = []
  for (const { kind } of items) {
    if (kind === 'changeL2Block') counts.push(0)
    else counts.push(counts.pop()! + 1)
  }
  return counts
}

describeVectors('batch-codec', file, () => {
  test.each(ofType('rawTx-customRawTx', 'rawTx-customRawTx-prefork5', 'customRawTx-roundtrip'))(
    'batch-codec $id: the raw and the batch form of a transaction',
    ({ rawTx, customRawTx, decoded, type, validated }) => {
      const transaction = expected(decoded)
      const forkId = type.endsWith('prefork5') ? 4 : 9
      const effectivePercentage = forkId === 4 ? undefined : Number(decoded.effectivePercentage)
      expect(bytesToHex(encodeBatchTransaction(transaction, effectivePercentage))).toBe(customRawTx.toLowerCase())
      const sizeBytes = hexToBytes(customRawTx).length
      expect(decodeBatchL2Data(hexToBytes(customRawTx), { forkId, forced: true })).toEqual([
        { kind: 'transaction', transaction, effectivePercentage: effectivePercentage ?? 255, sizeBytes },
      ])
      expect(encodedTransactionSize(transaction)).toBe(forkId === 4 ? sizeBytes + 1 : sizeBytes)
      const fromRaw = decodeRawTransaction(hexToBytes(rawTx))
      expect(bytesToHex(encodeRawTransaction(fromRaw))).toBe(rawTx.toLowerCase())
      // The two vectors that are not validated sign chain id 0 twice: as EIP-155 in the batch form, before it in the raw.
      if (validated) expect(fromRaw).toEqual(transaction)
      else expect([decoded.chainID, fromRaw.chainId]).toEqual(['0x0', undefined])
    },
  )

  test.each(ofType('batchL2Data'))('batch-codec $id: a batch and its items', ({ batchL2Data, items, forkID }) => {
    const isForced = items[0] !== undefined && items[0].type !== 'changeL2Block'
    const decoded = decodeBatchL2Data(hexToBytes(batchL2Data!), { forkId: forkID!, forced: isForced })
    expect(decoded).toEqual(
      items.map((item) =>
        'deltaTimestamp' in item
          ? { kind: 'changeL2Block', deltaTimestamp: item.deltaTimestamp, indexL1InfoTree: item.indexL1InfoTree }
          : {
              kind: 'transaction',
              transaction: expected(item),
              effectivePercentage: Number(item.effectivePercentage),
              sizeBytes: expect.any(Number),
            },
      ),
    )
    expect(bytesToHex(concatBytes(...decoded.map(encodeItem)))).toBe(batchL2Data!.toLowerCase())
  })

  test.each(ofType('changeL2Block'))('batch-codec $id: a block marker', ({ encoded, ...block }) => {
    expect(bytesToHex(encodeChangeL2Block(block))).toBe(encoded)
  })

  test.each(ofType('decode-batch-v2'))('batch-codec $id: blocks', ({ batchL2Data, valid, txsPerBlock }) => {
    const decode = () => decodeBatchL2Data(hexToBytes(batchL2Data!), { forkId: 9, forced: false })
    if (valid) expect(transactionsPerBlock(decode())).toEqual(txsPerBlock)
    else expect(decode).toThrow(BatchDecodeError)
  })

  test.each(ofType('decode-forced-batch-v2'))('batch-codec $id: forced', ({ batchL2Data, valid, txs }) => {
    const decode = () => decodeBatchL2Data(hexToBytes(batchL2Data!), forced)
    if (valid) expect(decode()).toHaveLength(txs)
    else expect(decode).toThrow(BatchDecodeError)
  })

  test.each(ofType('decode-txs-forkid5', 'decode-txs-prefork5'))('batch-codec $id: before etrog', (vector) => {
    const decode = () => decodeBatchL2Data(hexToBytes(vector.batchL2Data!), { forkId: vector.forkID!, forced: false })
    if (vector.valid) expect(decode()).toMatchObject([{ transaction: expected(vector.decoded) }])
    else expect(decode).toThrow(BatchDecodeError)
  })

  test.each(ofType('executor-batch-rlp'))('batch-codec $id: malformed RLP', ({ batchL2Data, forkID }) => {
    const decode = () => decodeBatchL2Data(hexToBytes(batchL2Data!), { forkId: forkID!, forced: false })
    expect(decode).toThrow(BatchDecodeError)
  })

  test.each(ofType('rlp-list-length'))('batch-codec $id: the size of a list', ({ data, length }) => {
    expect(rlpListSizeBytes(hexToBytes(data))).toBe(length)
  })

  test('batch-codec: every vector is checked', () => {
    const types = [
      ...['rawTx-customRawTx', 'rawTx-customRawTx-prefork5', 'customRawTx-roundtrip', 'batchL2Data', 'changeL2Block'],
      ...['decode-batch-v2', 'decode-forced-batch-v2', 'decode-txs-forkid5', 'decode-txs-prefork5'],
      ...['executor-batch-rlp', 'rlp-list-length'],
    ]
    expect(ofType(...types)).toHaveLength(file!.count)
  })
})
