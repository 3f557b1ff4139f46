import { expect, test } from 'vitest'
import { bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { decodeBatchL2Data, encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { recoverSender } from '#protocol/transaction.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Summary = { blocks: number; txs: number; senders: string[] } | null
type Vector = {
  id: string
  era?: string
  decoded?: { batches: { transactions?: string }[] }
  l2Summary?: Summary[]
}

const file = loadVectors<Vector>('l1-events')
const batches = (file?.vectors ?? []).flatMap(({ id, era, decoded, l2Summary }) =>
  (decoded?.batches ?? []).flatMap(({ transactions }, position) => {
    const summary = l2Summary?.[position]
    return transactions === undefined || summary == null ? [] : [{ id, position, era, transactions, summary }]
  }),
)

/** Real calldata of sequencers, of which only the batch data is read here. */
describeVectors('l1-events', file, () => {
  test('l1-events: there are batches to check', () => expect(batches.length).toBeGreaterThan(0))

  test.each(batches)('l1-events $id batch $position: blocks and senders', ({ era, transactions, summary }) => {
    const forkId = era?.startsWith('banana') ? 12 : era?.startsWith('etrog') ? 7 : 9
    const items = decodeBatchL2Data(hexToBytes(transactions), { forkId, forced: false })
    const signed = items.filter((item) => item.kind === 'transaction')
    expect({ blocks: items.length - signed.length, txs: signed.length }).toEqual({
      blocks: summary.blocks,
      txs: summary.txs,
    })
    const senders = signed.map(({ transaction }) => recoverSender(transaction))
    expect(senders).toEqual(summary.senders.map((sender) => sender.toLowerCase()))
    const encoded = items.map((item) =>
      item.kind === 'transaction'
        ? encodeBatchTransaction(item.transaction, item.effectivePercentage)
        : encodeChangeL2Block(item),
    )
    expect(bytesToHex(concatBytes(...encoded))).toBe(transactions)
  })
})
