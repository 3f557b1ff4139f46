import {
  Transaction as EthersTransaction,
  keccak256 as ethersKeccak,
  getCreate2Address,
  getCreateAddress,
  Wallet,
} from 'ethers'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { decodeBatchL2Data } from './batchL2Data.ts'
import { hostileBytes } from './hostileBytes.fixture.ts'
import { Address, Hash } from './primitives.ts'
import { transactions } from './transaction.fixture.ts'
import {
  contractAddress,
  create2Address,
  decodeRawTransaction,
  encodeL2HashPreimage,
  encodeRawTransaction,
  InvalidSignatureError,
  recoverSender,
  signatureV,
  type Transaction,
  TransactionDecodeError,
  transactionHash,
  UnsupportedTransactionTypeError,
} from './transaction.ts'
import { WORKED_BATCH, WORKED_SENDER } from './workedBatch.fixture.ts'

const wallet = new Wallet(`0x${'11'.repeat(32)}`)
const CURVE_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

async function sign(fields: object): Promise<Transaction> {
  const raw = await wallet.signTransaction({ type: 0, gasLimit: 21000, gasPrice: 1, ...fields })
  return decodeRawTransaction(hexToBytes(raw))
}

describe('against ethers', () => {
  test.each([
    ['EIP-155', { chainId: 1000, nonce: 7, to: `0x${'aa'.repeat(20)}`, value: 5 }],
    ['a deployment', { chainId: 2n ** 62n, data: `0x${'60'.repeat(300)}` }],
    ['before EIP-155', { chainId: 0, to: `0x${'00'.repeat(20)}`, data: '0x00' }],
  ])('%s: fields, hash and sender', async (_, fields) => {
    const raw = await wallet.signTransaction({ type: 0, gasLimit: 21000, gasPrice: 1, ...fields })
    const reference = EthersTransaction.from(raw)
    const transaction = decodeRawTransaction(hexToBytes(raw))
    expect(transaction).toMatchObject({
      nonce: BigInt(reference.nonce),
      gasPrice: reference.gasPrice,
      gasLimit: reference.gasLimit,
      to: reference.to?.toLowerCase(),
      value: reference.value,
      chainId: reference.chainId === 0n ? undefined : reference.chainId,
      r: BigInt(reference.signature!.r),
      s: BigInt(reference.signature!.s),
      v: reference.signature!.v,
    })
    expect(bytesToHex(transaction.data)).toBe(reference.data)
    expect(transactionHash(transaction)).toBe(reference.hash)
    expect(recoverSender(transaction)).toBe(wallet.address.toLowerCase())
    expect(bytesToHex(encodeRawTransaction(transaction))).toBe(raw)
    expect(signatureV(transaction)).toBe(reference.signature!.networkV ?? BigInt(reference.signature!.v))
  })

  test.each([0n, 1n, 0x7fn, 0x80n, 2n ** 64n - 1n])('contract addresses of nonce %s', (nonce) => {
    const reference = getCreateAddress({ from: wallet.address, nonce })
    expect(contractAddress(Address(wallet.address), nonce)).toBe(reference.toLowerCase())
  })

  test('CREATE2 addresses', () => {
    const salt = Hash(`0x${'5a'.repeat(32)}`)
    const initCode = hexToBytes('0x6001600255')
    const reference = getCreate2Address(wallet.address, salt, ethersKeccak(initCode))
    expect(create2Address(Address(wallet.address), salt, initCode)).toBe(reference.toLowerCase())
  })
})

describe('raw transactions', () => {
  const fields = ['01', '01', '825208', `94${'aa'.repeat(20)}`, '01', '80', '1b', '01', '02']
  const raw = (...items: string[]) => `0x${(0xc0 + items.join('').length / 2).toString(16)}${items.join('')}`
  const replaced = (index: number, field: string) => raw(...fields.with(index, field))
  const decode = (hex: string) => decodeRawTransaction(hexToBytes(hex))

  test('of nine fields are read', () => {
    expect(decode(raw(...fields))).toMatchObject({ nonce: 1n, r: 1n, s: 2n, v: 27, chainId: undefined })
  })

  test('are read up to the largest chain id', () => {
    expect(decode(replaced(6, '89020000000000000022'))).toMatchObject({ chainId: 2n ** 64n - 1n, v: 28 })
    expect(decode(replaced(6, '23'))).toMatchObject({ chainId: 0n, v: 27 })
  })

  test.each([
    ['nothing', '0x'],
    ['bytes after it', `${raw(...fields)}00`],
    ['a cut', raw(...fields).slice(0, -2)],
    ['a zero byte as integer', replaced(0, '00')],
    ['a nonce of 9 bytes', replaced(0, `89${'ff'.repeat(9)}`)],
    ['a string', '0x820102'],
    ['ten fields', raw(...fields, '03')],
    ['eight fields', raw(...fields.slice(0, -1))],
    ['V of 0', replaced(6, '80')],
    ['V of 34', replaced(6, '22')],
    ['a chain id of 2^64', replaced(6, '89020000000000000023')],
  ])('are refused: %s', (_, hex) => {
    expect(() => decode(hex)).toThrow(TransactionDecodeError)
  })

  test.each(['0x00c0', '0x01c0', '0x02c0', '0x03c0', '0x7fc0'])('are refused: type of %s', (hex) => {
    expect(() => decode(hex)).toThrow(UnsupportedTransactionTypeError)
  })
})

describe('signatures that are refused', () => {
  const changes: [string, (transaction: Transaction) => Partial<Transaction>][] = [
    ['r of zero', () => ({ r: 0n })],
    ['r of the order', () => ({ r: CURVE_ORDER })],
    ['s of zero', () => ({ s: 0n })],
    ['high s', ({ s, v }) => ({ s: CURVE_ORDER - s, v: 55 - v })],
    ['v of 29', () => ({ v: 29 })],
    ['r that is no abscissa', () => ({ r: 5n })],
  ]
  test.each(changes)('%s', async (_, change) => {
    const transaction = await sign({ chainId: 1000 })
    expect(recoverSender(transaction)).toBe(wallet.address.toLowerCase())
    expect(() => recoverSender({ ...transaction, ...change(transaction) })).toThrow(InvalidSignatureError)
  })

  test('a changed field changes the sender', async () => {
    const transaction = await sign({ chainId: 1000 })
    expect(recoverSender({ ...transaction, value: 1n })).not.toBe(wallet.address.toLowerCase())
  })

  test('s of exactly half the order is accepted', async () => {
    const transaction = await sign({ chainId: 1000 })
    expect(() => recoverSender({ ...transaction, s: CURVE_ORDER >> 1n })).not.toThrow()
  })
})

test('what is encoded is decoded', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(transactions, (transaction) => {
      const raw = encodeRawTransaction(transaction)
      const decoded = decodeRawTransaction(raw)
      raw.fill(0xee) // what was decoded is no view of the bytes
      expect(decoded).toEqual(transaction)
    }),
  )
})

test('any bytes are decoded or refused with a named error, and what is decoded encodes to the same bytes', {
  timeout: 60_000,
}, () => {
  fc.assert(
    fc.property(hostileBytes(transactions.map(encodeRawTransaction)), (bytes) => {
      let transaction: Transaction
      try {
        transaction = decodeRawTransaction(bytes)
      } catch (error) {
        if (!(error instanceof UnsupportedTransactionTypeError)) expect(error).toBeInstanceOf(TransactionDecodeError)
        return
      }
      expect(encodeRawTransaction(transaction)).toEqual(bytes)
    }),
    { numRuns: 1000 },
  )
})

test('any signature has a sender or is refused with one error', { timeout: 60_000 }, () => {
  const number = fc.oneof(
    fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }),
    fc.constantFrom(0n, CURVE_ORDER, CURVE_ORDER >> 1n, (CURVE_ORDER >> 1n) + 1n),
  )
  fc.assert(
    fc.property(transactions, number, number, fc.constantFrom(27, 28, 0, 255), (transaction, r, s, v) => {
      let sender: string
      try {
        sender = recoverSender({ ...transaction, r, s, v })
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidSignatureError)
        return
      }
      expect([27, 28]).toContain(v)
      expect(s).toBeLessThanOrEqual(CURVE_ORDER >> 1n)
      expect(recoverSender({ ...transaction, r, s, v: 55 - v })).not.toBe(sender)
    }),
  )
})

test('the preimage of the L2 hash has fixed sizes', () => {
  const [, a, b] = decodeBatchL2Data(WORKED_BATCH, { forkId: 9, forced: false })
  if (a?.kind !== 'transaction' || b?.kind !== 'transaction') throw new Error('no transactions')
  const word = (end: string) => end.padStart(64, '0')
  const from = Address(WORKED_SENDER)
  expect(bytesToHex(encodeL2HashPreimage(a.transaction, from))).toBe(
    `0x010000000000000000${word('3b9aca00')}00000000000186a00000000000000000000000000000000000000000aa` +
      `${word('05')}00000000000000000003e8${WORKED_SENDER.slice(2)}`,
  )
  expect(bytesToHex(encodeL2HashPreimage(b.transaction, from))).toBe(
    `0x000000000000000001${word('3b9aca00')}00000000000493e001${word('')}000022` +
      `6016600c60003960166000f3600160005401600055602a600052600760206000a100${WORKED_SENDER.slice(2)}`,
  )
})
