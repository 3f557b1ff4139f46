import { Interface } from 'ethers'
import { expect, test } from 'vitest'
import { bytesToHex } from '#common/bytes.ts'
import { rollupManagerLaterAbi } from '#contracts/abi.ts'
import type { Hex } from '#protocol/primitives.ts'
import { describeVectors } from '#test/vectors/describe.ts'
import { loadVectors } from '#test/vectors/load.ts'
import { EVENT_TOPICS } from './events.ts'
import {
  globalExitRootInterface,
  preEtrogInterface,
  rollupInterface,
  rollupManagerInterface,
  sequencingInterfaces,
} from './interfaces.ts'
import {
  decodeSequenceBatches,
  decodeSequenceBatchesValidium,
  encodeSequenceBatches,
  type SequenceCalldata,
  type ValidiumCalldata,
} from './sequenceCalldata.ts'

type Fields = 'l2Coinbase' | 'maxSequenceTimestamp' | 'initSequencedBatch' | 'l1InfoTreeLeafCount'
type Vector = {
  id: string
  era: string
  calldata: Hex
  canonicalAbi?: boolean
  batches?: number
  topic0: string
  name: string
  decoded: Partial<Record<Fields | 'expectedFinalAccInputHash' | 'dataAvailabilityMessage', string>> & {
    batches: Record<string, string>[]
  }
}

const file = loadVectors<Vector>('l1-events')
const vectors = file?.vectors ?? []
const calls = vectors.filter(({ calldata }) => calldata !== undefined)
const sequences = calls.filter(({ era }) => !era.endsWith('validium'))
const validiums = calls.filter(({ era }) => era.endsWith('validium'))
const optionalNumber = (text?: string) => (text === undefined ? undefined : Number(text))

/** As the file has the arguments that all calls share. */
const expected = ({ era, decoded }: Vector) => ({
  form: era.replace('-validium', ''),
  coinbase: decoded.l2Coinbase?.toLowerCase(),
  maxSequenceTimestamp: optionalNumber(decoded.maxSequenceTimestamp),
  initSequencedBatch: optionalNumber(decoded.initSequencedBatch),
  l1InfoTreeLeafCount: optionalNumber(decoded.l1InfoTreeLeafCount),
  expectedFinalAccInputHash: decoded.expectedFinalAccInputHash,
  batches: expect.anything(),
})

/** Batches in the words of the file. */
const inWords = (batches: SequenceCalldata['batches'] | ValidiumCalldata['batches']) =>
  batches.map(({ forcedTimestamp, ...batch }) => {
    const { batchL2Data, ...rest } = batch as { batchL2Data?: Uint8Array }
    const data = batchL2Data === undefined ? {} : { transactions: bytesToHex(batchL2Data) }
    return { ...rest, ...data, forcedTimestamp: String(forcedTimestamp) }
  })

describeVectors('l1-events', file, () => {
  test('l1-events: there are sequences of several forks to check', () =>
    expect(new Set(sequences.map(({ era }) => era)).size).toBeGreaterThan(1))

  test.each(sequences)('l1-events $id: calldata', (vector) => {
    const call = decodeSequenceBatches(vector.calldata)
    expect(call).toEqual(expected(vector))
    expect(inWords(call.batches)).toEqual(vector.decoded.batches)
    expect(call.batches).toHaveLength(vector.batches ?? call.batches.length)
    if (vector.canonicalAbi) expect(bytesToHex(encodeSequenceBatches(call))).toBe(vector.calldata)
  })

  test.each(validiums)('l1-events $id: calldata', (vector) => {
    const call = decodeSequenceBatchesValidium(vector.calldata)
    expect(call).toEqual({ ...expected(vector), dataAvailabilityMessage: expect.anything() })
    expect(inWords(call.batches)).toEqual(vector.decoded.batches)
    expect(bytesToHex(call.dataAvailabilityMessage)).toBe(vector.decoded.dataAvailabilityMessage)
    const method = sequencingInterfaces[call.form].getFunction('sequenceBatchesValidium')!.selector
    expect(vector.calldata.slice(0, 10)).toBe(method)
  })

  const topics = vectors.filter(({ topic0 }) => topic0 !== undefined)
  test.each(topics)('l1-events $id: an event of an interface of ours', ({ topic0, name }) => {
    const abis = [globalExitRootInterface, rollupInterface, rollupManagerInterface, preEtrogInterface]
    const event = [...abis, new Interface(rollupManagerLaterAbi)]
      .map((abi) => abi.getEvent(topic0))
      .find((e) => e !== null)
    expect(event?.topicHash).toBe(topic0)
    // Types of rollups are looked up when a rollup takes one.
    if (!name.startsWith('AddNewRollupType')) expect([...EVENT_TOPICS, VERIFICATION_OF_ROLLUP]).toContain(topic0)
  })
})

/** Said by the rollup at each verification, which the manager says too. */
const VERIFICATION_OF_ROLLUP = rollupInterface.getEvent('VerifyBatches')!.topicHash

/** Topics of the protocol's tables: ethers computed ours from the interfaces. */
test.each([
  ['UpdateL1InfoTree', '0xda61aa7823fcd807e37b95aabcbe17f03a6f3efd514176444dae191d27fd66b3'],
  ['SequenceBatches', '0x3e54d0825ed78523037d00a81759237eb436ce774bd546993ee67a1b67b6e766'],
  ['SequenceForceBatches', '0x648a61dd2438f072f5a1960939abd30f37aea80d2e94c9792ad142d3e0a490a4'],
  ['ForceBatch', '0xf94bb37db835f1ab585ee00041849a09b12cd081d77fa15ca070757619cbc931'],
  ['InitialSequenceBatches', '0x060116213bcbf54ca19fd649dc84b59ab2bbd200ab199770e4d923e222a28e7f'],
  ['UpdateEtrogSequence', '0xd2c80353fc15ef62c6affc7cd6b7ab5b42c43290c50be3372e55ae552cecd19c'],
  ['VerifyBatchesTrustedAggregator', '0xd1ec3a1216f08b6eff72e169ceb548b782db18a6614852618d86bb19f3f9b0d3'],
  ['VerifyBatches', '0xaac1e7a157b259544ebacd6e8a82ae5d6c8f174e12aa48696277bcc9a661f0b4'],
  ['ConsolidatePendingState', '0x581910eb7a27738945c2f00a91f2284b2d6de9d4e472b12f901c2b0df045e21b'],
  ['OverridePendingState', '0x3182bd6e6f74fc1fdc88b60f3a4f4c7f79db6ae6f5b88a1b3f5a1e28ec210d5e'],
  ['CreateNewRollup', '0x194c983456df6701c6a50830b90fe80e72b823411d0d524970c9590dc277a641'],
  ['UpdateRollup', '0xf585e04c05d396901170247783d3e5f0ee9c1df23072985b50af089f5e48b19d'],
  ['AddExistingRollup', '0xadfc7d56f7e39b08b321534f14bfb135ad27698f7d2f5ad0edc2356ea9a3f850'],
  ['RollbackBatches', '0x80a6d395a55aed8126079cb8247f0a6848b1440ca2cdca3b4386f250c3529402'],
  ['SequenceBatches before fork 7', '0x303446e6a8cb73c83dff421c0b1d5e5ce0719dab1bff13660fc254e58cc17fce'],
  [
    'VerifyBatchesTrustedAggregator before fork 7',
    '0xcb339b570a7f0b25afa7333371ff11192092a0aeace12b671f4c212f2815c6fe',
  ],
  ['UpdateZkEVMVersion', '0xed7be53c9f1a96a481223b15568a5b1a475e01a74b347d6ca187c8bf0c078cd6'],
  ['UpdateGlobalExitRoot', '0x61014378f82a0d809aefaf87a8ac9505b89c321808287a6e7810f29304c1fce3'],
])('asks for the event %s', (_, topic) => expect(EVENT_TOPICS).toContain(topic))
