import { Transaction, Wallet } from 'ethers'
import { expect, test } from 'vitest'
import { bytesToHex } from '#common/bytes.ts'
import { Address, Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { L1DataError } from './errors.ts'
import { rollupInterface, sequencingInterfaces } from './interfaces.ts'
import {
  decodeForceBatch,
  decodeSequenceBatches,
  decodeSequenceForceBatches,
  encodeSequenceBatches,
  regularBatch,
  type SequenceCalldata,
  sequenceForm,
  sequenceTransactionBytes,
} from './sequenceCalldata.ts'

const coinbase = Address(`0x${'c0'.repeat(20)}`)
const forced = {
  batchL2Data: Uint8Array.of(7),
  forcedGlobalExitRoot: Hash(`0x${'01'.repeat(32)}`),
  forcedTimestamp: 1_700_000_000,
  forcedBlockHashL1: Hash(`0x${'02'.repeat(32)}`),
}
const batches = [regularBatch(Uint8Array.of(1, 2, 3)), forced]
const calls: SequenceCalldata[] = [
  { form: 'etrog', batches, coinbase },
  { form: 'elderberry', batches, coinbase, maxSequenceTimestamp: 1_700_000_100, initSequencedBatch: 4 },
  {
    ...{ form: 'banana', batches, coinbase, maxSequenceTimestamp: 1_700_000_100, l1InfoTreeLeafCount: 9 },
    expectedFinalAccInputHash: Hash(`0x${'03'.repeat(32)}`),
  },
]

const encode = (call: SequenceCalldata) => bytesToHex(encodeSequenceBatches(call))

test.each(calls)('$form: decoding undoes encoding', (call) => {
  expect(decodeSequenceBatches(encode(call))).toEqual(call)
})

test.each(calls)('$form: the bytes are those of ethers', (call) => {
  const values = {
    etrog: [],
    elderberry: [call.maxSequenceTimestamp, call.initSequencedBatch],
    banana: [call.l1InfoTreeLeafCount, call.maxSequenceTimestamp, call.expectedFinalAccInputHash],
  }
  for (const lengths of [[], [0], [1, 31, 32], [33, 63, 64, 65], [100_000, 7, 0]]) {
    const batches = lengths.map((length) => ({ ...forced, batchL2Data: new Uint8Array(length).fill(0xa5) }))
    const tuples = batches.map(({ batchL2Data, forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 }) => [
      ...[batchL2Data, forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1],
    ])
    const theirs = sequencingInterfaces[call.form].encodeFunctionData('sequenceBatches', [
      ...[tuples, ...values[call.form], coinbase],
    ])
    expect(encode({ ...call, batches })).toBe(theirs)
  }
})

test.each([
  ['etrog', '0xecef3f99'],
  ['elderberry', '0xdef57e54'],
  ['banana', '0xb910e0f9'],
])('%s has the selector of the public contract', (form, selector) => {
  expect(encode(calls.find((call) => call.form === form)!).slice(0, 10)).toBe(selector)
})

test('the form follows from the fork', () => {
  expect([7, 8, 9, 11, 12, 13].map(sequenceForm)).toEqual([
    ...['etrog', 'elderberry', 'elderberry', 'elderberry'],
    ...['banana', 'banana'],
  ])
})

test.each([
  ['another function', '0x12345678'],
  ['no data', '0x'],
  ['calldata that ends early', encode(calls[1]!).slice(0, 400)],
])('refuses %s', (_, calldata) => {
  expect(() => decodeSequenceBatches(calldata as Hex)).toThrow(L1DataError)
  expect(() => decodeSequenceForceBatches(calldata as Hex)).toThrow(L1DataError)
  expect(() => decodeForceBatch(calldata as Hex)).toThrow(L1DataError)
})

test('refuses to encode a form without its values', () => {
  expect(() => encodeSequenceBatches({ form: 'elderberry', batches, coinbase })).toThrow(L1DataError)
})

test('reads forced batches', () => {
  const tuple = ['0x07', forced.forcedGlobalExitRoot, forced.forcedTimestamp, forced.forcedBlockHashL1]
  const calldata = rollupInterface.encodeFunctionData('sequenceForceBatches', [[tuple]]) as Hex
  expect(decodeSequenceForceBatches(calldata)).toEqual([forced])
  expect(decodeForceBatch(rollupInterface.encodeFunctionData('forceBatch', ['0x0708', 5]) as Hex)).toEqual(
    Uint8Array.of(7, 8),
  )
})

test.each([[[0]], [[9, 120_000]], [[1, 31, 32, 33, 1000]], [new Array(300).fill(77)]])(
  'the size foreseen for batches of %j bytes is just enough',
  (sizes: number[]) => {
    const call = { ...calls[2]!, batches: sizes.map((bytes) => regularBatch(new Uint8Array(bytes).fill(255))) }
    const transaction = Transaction.from({
      ...{ type: 2, to: coinbase, nonce: 2 ** 40, gasLimit: 2n ** 40n, chainId: 2 ** 40 },
      ...{ maxFeePerGas: 2n ** 80n, maxPriorityFeePerGas: 2n ** 80n, data: encode(call) },
    })
    transaction.signature = new Wallet(ZERO_HASH.replace(/0$/, '1')).signingKey.sign(transaction.unsignedHash)
    const actual = transaction.serialized.length / 2 - 1
    expect(sequenceTransactionBytes(sizes)).toBeGreaterThanOrEqual(actual)
    expect(sequenceTransactionBytes(sizes) - actual).toBeLessThan(400)
  },
)
