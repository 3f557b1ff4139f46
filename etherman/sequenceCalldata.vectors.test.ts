import { expect, test } from 'vitest'
import { bytesToHex } from '#common/bytes.ts'
import type { Hex } from '#protocol/primitives.ts'
import { describeVectors } from '#test/vectors/describe.ts'
import { loadVectors } from '#test/vectors/load.ts'
import { EVENT_TOPICS } from './events.ts'
import { decodeSequenceBatches, encodeSequenceBatches } from './sequenceCalldata.ts'

type Batch = Record<'transactions' | 'forcedGlobalExitRoot' | 'forcedTimestamp' | 'forcedBlockHashL1', string>
type Vector = {
  id: string
  era?: string
  calldata?: Hex
  canonicalAbi?: boolean
  decoded?: { batches?: Batch[]; l2Coinbase?: string; maxSequenceTimestamp?: string; initSequencedBatch?: string } & {
    l1InfoTreeLeafCount?: string
    expectedFinalAccInputHash?: string
  }
}

const file = loadVectors<Vector>('l1-events')
const vectors = file?.vectors ?? []
const sequences = vectors.filter(({ era }) => era === 'etrog' || era === 'elderberry' || era === 'banana')
const optionalNumber = (text?: string) => (text === undefined ? undefined : Number(text))

describeVectors('l1-events', file, () => {
  test('l1-events: there are sequences of several forks to check', () =>
    expect(new Set(sequences.map(({ era }) => era)).size).toBeGreaterThan(1))

  test.each(sequences)('l1-events $id: calldata', ({ era, calldata, canonicalAbi, decoded }) => {
    const call = decodeSequenceBatches(calldata!)
    expect(call).toEqual({
      form: era,
      coinbase: decoded?.l2Coinbase?.toLowerCase(),
      maxSequenceTimestamp: optionalNumber(decoded?.maxSequenceTimestamp),
      initSequencedBatch: optionalNumber(decoded?.initSequencedBatch),
      l1InfoTreeLeafCount: optionalNumber(decoded?.l1InfoTreeLeafCount),
      expectedFinalAccInputHash: decoded?.expectedFinalAccInputHash,
      batches: expect.anything(),
    })
    const batches = call.batches.map(({ batchL2Data, forcedTimestamp, ...batch }) => ({
      ...batch,
      transactions: bytesToHex(batchL2Data),
      forcedTimestamp: String(forcedTimestamp),
    }))
    expect(batches).toEqual(decoded?.batches)
    if (canonicalAbi) expect(bytesToHex(encodeSequenceBatches(call))).toBe(calldata)
  })
})

/** Topics of the protocol's tables: ethers computed ours from the interfaces. */
test.each([
  ['UpdateL1InfoTree', '0xda61aa7823fcd807e37b95aabcbe17f03a6f3efd514176444dae191d27fd66b3'],
  ['SequenceBatches', '0x3e54d0825ed78523037d00a81759237eb436ce774bd546993ee67a1b67b6e766'],
  ['SequenceForceBatches', '0x648a61dd2438f072f5a1960939abd30f37aea80d2e94c9792ad142d3e0a490a4'],
  ['ForceBatch', '0xf94bb37db835f1ab585ee00041849a09b12cd081d77fa15ca070757619cbc931'],
  ['InitialSequenceBatches', '0x060116213bcbf54ca19fd649dc84b59ab2bbd200ab199770e4d923e222a28e7f'],
  ['VerifyBatchesTrustedAggregator', '0xd1ec3a1216f08b6eff72e169ceb548b782db18a6614852618d86bb19f3f9b0d3'],
  ['VerifyBatches', '0xaac1e7a157b259544ebacd6e8a82ae5d6c8f174e12aa48696277bcc9a661f0b4'],
])('asks for the event %s', (_, topic) => expect(EVENT_TOPICS).toContain(topic))
