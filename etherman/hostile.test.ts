import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { hostileBytes } from '#protocol/hostileBytes.fixture.ts'
import { Address, Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { L1DataError, L1EventUnsupportedError } from './errors.ts'
import { EVENT_TOPICS, type LogContext, type RpcLog, readLog } from './events.ts'
import { rollupInterface } from './interfaces.ts'
import {
  decodeForceBatch,
  decodeSequenceBatches,
  decodeSequenceForceBatches,
  encodeSequenceBatches,
  type SequenceCalldata,
} from './sequenceCalldata.ts'

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Hash(bytesToHex(bytes)))
const address = fc.uint8Array({ minLength: 20, maxLength: 20 }).map((bytes) => Address(bytesToHex(bytes)))
const uint = (max: number) => fc.integer({ min: 0, max })
const batch = fc.record({
  batchL2Data: fc.uint8Array({ maxLength: 40 }),
  forcedGlobalExitRoot: hash,
  forcedTimestamp: uint(Number.MAX_SAFE_INTEGER),
  forcedBlockHashL1: hash,
})
const common = { batches: fc.array(batch, { maxLength: 3 }), coinbase: address }
const timed = { ...common, maxSequenceTimestamp: uint(Number.MAX_SAFE_INTEGER) }
const calls: fc.Arbitrary<SequenceCalldata> = fc.oneof(
  fc.record({ form: fc.constant('etrog' as const), ...common }),
  fc.record({
    form: fc.constant('elderberry' as const),
    ...{ ...timed, initSequencedBatch: uint(Number.MAX_SAFE_INTEGER) },
  }),
  fc.record({
    form: fc.constant('banana' as const),
    ...{ ...timed, l1InfoTreeLeafCount: uint(0xffffffff), expectedFinalAccInputHash: hash },
  }),
)
const forced = batch.map(
  ({ batchL2Data, forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 }) =>
    rollupInterface.encodeFunctionData('sequenceForceBatches', [
      [[batchL2Data, forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1]],
    ]) as Hex,
)
const calldata = fc.oneof(calls.map(encodeSequenceBatches), forced.map(hexToBytes))

test('what is encoded is decoded', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(calls, (call) => {
      expect(decodeSequenceBatches(bytesToHex(encodeSequenceBatches(call)))).toEqual(call)
    }),
    { numRuns: 50 },
  )
})

test('any calldata is decoded or refused with one error', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(hostileBytes(calldata), (bytes) => {
      for (const decode of [decodeSequenceBatches, decodeSequenceForceBatches, decodeForceBatch])
        try {
          decode(bytesToHex(bytes))
        } catch (error) {
          expect(error).toBeInstanceOf(L1DataError)
        }
    }),
    { numRuns: 300 },
  )
})

test.each([
  ['a huge number of batches', `${'40'.padStart(64, '0')}${'00'.repeat(32)}${'f'.repeat(64)}`],
  ['an offset beyond the end', 'f'.repeat(128)],
])('%s costs nothing', (_, args) => {
  for (const selector of ['0xecef3f99', '0xdef57e54', '0xb910e0f9'])
    expect(() => decodeSequenceBatches(`${selector}${args}` as Hex)).toThrow(L1DataError)
})

test('any log is read or refused with one error', { timeout: 60_000 }, async () => {
  const contracts = {
    ...{ rollupManager: Address(`0x${'01'.repeat(20)}`), rollup: Address(`0x${'02'.repeat(20)}`) },
    ...{ globalExitRoot: Address(`0x${'03'.repeat(20)}`), pol: Address(`0x${'04'.repeat(20)}`) },
  }
  const topic = fc.oneof(hash, fc.constant(Hash(`0x${'00'.repeat(31)}01`)))
  const log = fc.record({
    address: fc.constantFrom(...Object.values(contracts)),
    topics: fc.tuple(fc.constantFrom(...EVENT_TOPICS), fc.array(topic, { maxLength: 3 })).map(([a, b]) => [a, ...b]),
    data: hostileBytes(fc.uint8Array({ minLength: 160, maxLength: 160 })).map(bytesToHex),
  })
  const place = { blockHash: ZERO_HASH, transactionHash: ZERO_HASH, blockNumber: '0x1', logIndex: '0x0' } as const
  await fc.assert(
    fc.asyncProperty(log, hostileBytes(calldata), async (fields, input) => {
      const context: LogContext = {
        contracts,
        rollupId: 1,
        block: { number: 1, hash: ZERO_HASH, parentHash: ZERO_HASH, timestamp: 1 },
        readForkId: async () => 9,
        getTransaction: async () => ({ hash: ZERO_HASH, from: contracts.pol, to: null, input: bytesToHex(input) }),
      }
      try {
        await readLog({ ...fields, ...place } satisfies RpcLog, context)
      } catch (error) {
        if (!(error instanceof L1EventUnsupportedError)) expect(error).toBeInstanceOf(L1DataError)
      }
    }),
    { numRuns: 500 },
  )
})
