import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import {
  BatchDecodeError,
  type BatchItem,
  decodeBatchL2Data,
  encodeBatchTransaction,
  encodeChangeL2Block,
  encodedTransactionSize,
} from './batchL2Data.ts'
import { SUPPORTED_FORK_IDS, UnsupportedForkError } from './forks.ts'
import { hostileBytes } from './hostileBytes.fixture.ts'
import { keccakHex } from './keccak.ts'
import { transactions } from './transaction.fixture.ts'
import {
  encodeCanonicalSignedList,
  recoverSender,
  signingHash,
  type Transaction,
  transactionHash,
} from './transaction.ts'
import { WORKED_BATCH, WORKED_BATCH_HASH, WORKED_SENDER, WORKED_TRANSACTION_HASHES } from './workedBatch.fixture.ts'

const regular = { forkId: 9, forced: false }
const forced = { forkId: 9, forced: true }
const marker = '0b0000000100000000'
const signature = `${'11'.repeat(32)}${'22'.repeat(32)}1bff`
const bytes = (...parts: string[]) => hexToBytes(`0x${parts.join('')}`)

const encode = (items: BatchItem[], percentage = true) =>
  concatBytes(
    ...items.map((item) =>
      item.kind === 'changeL2Block'
        ? encodeChangeL2Block(item)
        : encodeBatchTransaction(item.transaction, percentage ? item.effectivePercentage : undefined),
    ),
  )

describe('the worked batch', () => {
  const items = decodeBatchL2Data(WORKED_BATCH, regular)
  const signed = items.flatMap((item) => (item.kind === 'transaction' ? [item] : []))

  test('holds two blocks of three transactions', () => {
    expect(keccakHex(WORKED_BATCH)).toBe(WORKED_BATCH_HASH)
    expect(items.map(({ kind }) => kind[0]).join('')).toBe('ctttcttt')
    expect(items[0]).toEqual({ kind: 'changeL2Block', deltaTimestamp: 1_700_000_000, indexL1InfoTree: 1 })
    expect(items[4]).toEqual({ kind: 'changeL2Block', deltaTimestamp: 3, indexL1InfoTree: 0 })
    expect(signed.map(({ effectivePercentage }) => effectivePercentage)).toEqual([255, 255, 127, 255, 255, 255])
  })

  test('has the hashes and the sender of the reference', () => {
    expect(signed.map(({ transaction }) => transactionHash(transaction))).toEqual(WORKED_TRANSACTION_HASHES)
    expect(new Set(signed.map(({ transaction }) => recoverSender(transaction)))).toEqual(new Set([WORKED_SENDER]))
  })

  test('is the same after decoding and encoding', () => {
    expect(encode(items)).toEqual(WORKED_BATCH)
    expect(signed.map(({ sizeBytes }) => sizeBytes)).toEqual(
      signed.map(({ transaction }) => encodedTransactionSize(transaction)),
    )
  })

  test('is refused when cut anywhere but between items', () => {
    const ends = new Set<number>([0])
    let offset = 0
    for (const item of items) {
      offset += item.kind === 'transaction' ? item.sizeBytes : 9
      ends.add(offset)
    }
    for (let size = 0; size < WORKED_BATCH.length; size++) {
      const decode = () => decodeBatchL2Data(WORKED_BATCH.subarray(0, size), regular)
      if (ends.has(size)) expect(decode).not.toThrow()
      else expect(decode).toThrow(BatchDecodeError)
    }
  })
})

describe('what makes a batch invalid', () => {
  const transfer = `e680843b9aca00830186a09400000000000000000000000000000000000000aa05808203e88080${signature}`

  test('a regular batch must start with a block marker, a forced batch must hold none', () => {
    expect(() => decodeBatchL2Data(bytes(transfer), regular)).toThrow(BatchDecodeError)
    expect(decodeBatchL2Data(bytes(transfer), forced)).toHaveLength(1)
    expect(() => decodeBatchL2Data(bytes(transfer, marker), forced)).toThrow(BatchDecodeError)
    expect(() => decodeBatchL2Data(bytes(marker), forced)).toThrow(BatchDecodeError)
  })

  test('nothing at all is a valid batch', () => {
    expect(decodeBatchL2Data(new Uint8Array(), regular)).toEqual([])
  })

  /** nonce, gasPrice, gasLimit, to, value, data, then chain id and tail. */
  const list = (...fields: string[]) => {
    const payload = fields.join('')
    const size = payload.length / 2
    return `${size < 56 ? (0xc0 + size).toString(16) : `f8${size.toString(16)}`}${payload}`
  }
  const good = ['80', '01', '825208', '80', '80', '80']
  const replaced = (index: number, field: string) => list(...good.with(index, field))
  const longData = `b83c${'aa'.repeat(60)}`

  test.each([
    ['the least transaction', list(...good)],
    ['an EIP-155 transaction', list(...good, '8203e8', '80', '80')],
    ['a nonce of 8 bytes', replaced(0, `88${'ff'.repeat(8)}`)],
    ['a price of 32 bytes', replaced(1, `a0${'ff'.repeat(32)}`)],
    ['data of one small byte', replaced(5, '00')],
    ['data of 60 bytes', replaced(5, longData)],
  ])('%s is read', (_, encoded) => {
    const [item] = decodeBatchL2Data(bytes(encoded, signature), forced)
    expect(item).toMatchObject({ kind: 'transaction', transaction: { v: 27 } })
    expect(item).not.toHaveProperty('transaction.signedList')
  })

  test.each([
    ['a list without fields', 'c0'],
    ['a list of more than 16 MiB', 'fb00000001'],
    ['a long list that is short', `f806${good.join('')}`],
    ['a list length with a leading zero', replaced(5, longData).replace('f845', 'f90045')],
    ['a data length with a leading zero', replaced(5, longData.replace('b83c', 'b9003c'))],
    ['a string instead of a list', '8401020304'],
    ['a missing field', list(...good.slice(0, 5))],
    ['a nonce of 9 bytes', replaced(0, `89${'ff'.repeat(9)}`)],
    ['a price of 33 bytes', replaced(1, `a1${'ff'.repeat(33)}`)],
    ['a leading zero', replaced(2, '820008')],
    ['a small byte with a header', replaced(4, '8101')],
    ['a zero with a header', replaced(4, '8100')],
    ['an address of 19 bytes', replaced(3, `93${'aa'.repeat(19)}`)],
    ['an address of one byte', replaced(3, '03')],
    ['a list as data', replaced(5, 'c0')],
    ['long data that is short', replaced(5, `b837${'aa'.repeat(55)}`)],
    ['a chain id alone', list(...good, '8203e8')],
    ['one empty string after the chain id', list(...good, '8203e8', '80')],
    ['a zero byte after the chain id', list(...good, '8203e8', '80', '00')],
    ['a tenth field', list(...good, '8203e8', '80', '80', '80')],
    ['a chain id of 9 bytes', list(...good, `89${'ff'.repeat(9)}`, '80', '80')],
  ])('%s is refused', (_, encoded) => {
    expect(() => decodeBatchL2Data(bytes(encoded, signature), forced)).toThrow(BatchDecodeError)
  })

  test('the error says where and why', () => {
    expect(() => decodeBatchL2Data(bytes(marker, replaced(2, '820008'), signature), regular)).toThrow(
      /offset=9 reason=.*zero byte/,
    )
  })

  test('a signature that can not be one is left to execution', () => {
    const [item] = decodeBatchL2Data(bytes(list(...good), 'ff'.repeat(64), '0200'), forced)
    expect(item).toMatchObject({ transaction: { v: 2 }, effectivePercentage: 0 })
  })
})

test('the byte 0x00 is integer zero, and the sender signed it so', () => {
  const list = 'c80001825208808080'
  const [item] = decodeBatchL2Data(bytes(list, signature), forced)
  if (item?.kind !== 'transaction') throw new Error('no transaction')
  expect(item.transaction.nonce).toBe(0n)
  expect(bytesToHex(signingHash(item.transaction))).toBe(keccakHex(bytes(list)))
  expect(encodeBatchTransaction(item.transaction, 255)).toEqual(bytes(list, signature))
  expect(item.sizeBytes).toBe(encodedTransactionSize(item.transaction))
})

describe('forks', () => {
  const transfer = 'c88001825208808080'

  test('fork 4 has no percentage byte, forks 5 and 6 no block marker', () => {
    const short = bytes(transfer, signature.slice(0, -2))
    const long = bytes(transfer, signature.slice(0, -2), '7f')
    expect(decodeBatchL2Data(short, { forkId: 4, forced: false })).toMatchObject([{ effectivePercentage: 255 }])
    expect(() => decodeBatchL2Data(short, { forkId: 5, forced: false })).toThrow(BatchDecodeError)
    expect(decodeBatchL2Data(long, { forkId: 6, forced: false })).toMatchObject([{ effectivePercentage: 127 }])
    expect(() => decodeBatchL2Data(bytes(marker), { forkId: 6, forced: false })).toThrow(BatchDecodeError)
  })

  test.each(SUPPORTED_FORK_IDS)('fork %i refuses a list without fields', (forkId) => {
    expect(() => decodeBatchL2Data(bytes('c0', signature), { forkId, forced: true })).toThrow(BatchDecodeError)
  })

  test('an unknown fork is refused', () => {
    expect(() => decodeBatchL2Data(new Uint8Array(), { forkId: 99, forced: false })).toThrow(UnsupportedForkError)
  })
})

describe('properties', () => {
  const uint32 = fc.integer({ min: 0, max: 0xffffffff })
  const byte = fc.integer({ min: 0, max: 255 })
  const block = fc.record({
    kind: fc.constant('changeL2Block' as const),
    deltaTimestamp: uint32,
    indexL1InfoTree: uint32,
  })
  /** Of any v, with integers of zero in either of their two forms. */
  const anyTransaction = fc
    .record({ transaction: transactions, v: byte, zero: fc.boolean() })
    .map(({ transaction, v, zero }): Transaction => {
      const some: Transaction = { ...transaction, v, ...(zero ? { nonce: 0n, value: 0n } : {}) }
      if (!zero) return some
      const signedList = encodeCanonicalSignedList(some)
      signedList[1 + Math.max(0, signedList[0]! - 0xf7)] = 0 // the nonce
      return { ...some, signedList }
    })
  const signed = fc.record({ transaction: anyTransaction, effectivePercentage: byte }).map((item) => ({
    kind: 'transaction' as const,
    ...item,
    sizeBytes: encodedTransactionSize(item.transaction),
  }))
  const batches = fc
    .tuple(block, fc.array(fc.oneof(block, signed), { maxLength: 4 }))
    .map(([first, others]) => [first, ...others])

  test('what is encoded is decoded', { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(batches, fc.nat(40), (items, before) => {
        const data = concatBytes(new Uint8Array(before).fill(0x0b), encode(items)).subarray(before)
        const decoded = decodeBatchL2Data(data, regular)
        data.fill(0xee) // what was decoded is no view of the data
        expect(decoded).toEqual(items)
      }),
    )
  })

  test('what is encoded for a fork without block markers, or for a forced batch, is decoded', {
    timeout: 60_000,
  }, () => {
    fc.assert(
      fc.property(fc.array(signed, { maxLength: 4 }), fc.constantFrom(4, 5, 6, 9), (items, forkId) => {
        const expected = forkId === 4 ? items.map(withoutPercentage) : items
        expect(decodeBatchL2Data(encode(items, forkId > 4), { forkId, forced: true })).toEqual(expected)
      }),
    )
  })

  test('any bytes are decoded or refused with one error, and what is decoded encodes to the same bytes', {
    timeout: 60_000,
  }, () => {
    const options = fc.record({ forkId: fc.constantFrom(...SUPPORTED_FORK_IDS), forced: fc.boolean() })
    const valid = fc.oneof(batches.map(encode as (items: BatchItem[]) => Uint8Array), fc.constant(WORKED_BATCH))
    fc.assert(
      fc.property(hostileBytes(valid), options, (data, { forkId, forced }) => {
        let items: BatchItem[]
        try {
          items = decodeBatchL2Data(data, { forkId, forced })
        } catch (error) {
          expect(error).toBeInstanceOf(BatchDecodeError)
          return
        }
        expect(encode(items, forkId > 4)).toEqual(data)
        for (const item of items) if (item.kind === 'transaction') expectKnownForm(item.transaction)
      }),
      { numRuns: 1000 },
    )
  })

  test('a batch far larger than any is read in time that grows with its size', { timeout: 60_000 }, () => {
    const one = bytes(`c88001825208808080${signature}`)
    const many = (count: number) => concatBytes(bytes(marker), ...Array<Uint8Array>(count).fill(one))
    expect(decodeBatchL2Data(many(20_000), regular)).toHaveLength(20_001)
    expect(decodeBatchL2Data(hexToBytes(`0x${marker.repeat(100_000)}`), regular)).toHaveLength(100_000)
  })

  test.each(['c0', 'f8ff', 'faffffff', `ff${'ff'.repeat(8)}`, `f90100b9ffff`, `f8e5${'80'.repeat(5)}ba7fffff`])(
    'a batch that repeats %s is refused at once',
    (claim) => {
      const data = bytes(marker, claim.repeat(100_000))
      expect(() => decodeBatchL2Data(data, regular)).toThrow(BatchDecodeError)
    },
  )
})

const withoutPercentage = (item: Extract<BatchItem, { kind: 'transaction' }>) => ({
  ...item,
  effectivePercentage: 255,
  sizeBytes: item.sizeBytes - 1,
})

/** The list is the canonical one, but for integers of zero that are written 0x00. */
function expectKnownForm(transaction: Transaction): void {
  if (transaction.signedList === undefined) return
  const { nonce, gasPrice, gasLimit, value, chainId, signedList } = transaction
  const canonical = encodeCanonicalSignedList(transaction)
  const end = canonical.length - (chainId === undefined ? 0 : 2)
  expect(signedList).toHaveLength(canonical.length)
  expect(signedList.subarray(end)).toEqual(canonical.subarray(end))
  const differing = [...canonical.keys()].filter((index) => canonical[index] !== signedList[index])
  for (const index of differing) expect([canonical[index], signedList[index]]).toEqual([0x80, 0])
  const zeros = [nonce, gasPrice, gasLimit, value, chainId].filter((integer) => integer === 0n)
  expect(differing.length).toBeGreaterThan(0)
  expect(differing.length).toBeLessThanOrEqual(zeros.length)
}

test.each([
  ['a negative delta', { deltaTimestamp: -1, indexL1InfoTree: 0 }],
  ['a fraction', { deltaTimestamp: 0.5, indexL1InfoTree: 0 }],
  ['an index of 2^32', { deltaTimestamp: 0, indexL1InfoTree: 2 ** 32 }],
])('a block marker with %s is not encoded', (_, block) => {
  expect(() => encodeChangeL2Block(block)).toThrow(RangeError)
})
