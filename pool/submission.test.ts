import { secp256k1 } from '@noble/curves/secp256k1.js'
import { beforeEach, describe, expect, test } from 'vitest'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { keccak256 } from '#protocol/keccak.ts'
import { Address, type Hash } from '#protocol/primitives.ts'
import { decodeRawTransaction, encodeRawTransaction, signingHash, type Transaction } from '#protocol/transaction.ts'
import type { PooledTransaction, PoolRules, PoolView, SenderView } from './admission.ts'
import type { TransactionRejectedError } from './rejection.ts'
import { createPoolIntake, type PoolStore, recoverSendersInProcess } from './submission.ts'

const privateKey = hexToBytes(`0x${'22'.repeat(32)}`)
const publicKey = secp256k1.getPublicKey(privateKey, false)
const sender = Address(bytesToHex(keccak256(publicKey.subarray(1)).subarray(12)))

const rules: PoolRules = {
  chainId: 1001,
  accountQueue: 4,
  globalQueue: 5,
  maxTransactionBytes: 300,
  maxTransactionDataBytes: 100,
  minGasPriceWei: 100n,
  allowUnprotected: true,
  priceBumpPercent: 10,
}

function sign(fields: Partial<Transaction> = {}): Uint8Array {
  const unsigned: Transaction = {
    nonce: 10n,
    gasPrice: 100n,
    gasLimit: 50_000n,
    to: Address(`0x${'07'.repeat(20)}`),
    value: 1n,
    data: new Uint8Array(),
    chainId: 1001n,
    r: 0n,
    s: 0n,
    v: 27,
    ...fields,
  }
  const signature = secp256k1.Signature.fromBytes(
    secp256k1.sign(signingHash(unsigned), privateKey, { prehash: false, format: 'recovered' }),
    'recovered',
  )
  const { r, s, recovery } = signature
  return encodeRawTransaction({ ...unsigned, r, s, v: 27 + recovery!, ...fields })
}

let account: Omit<SenderView, 'pending' | 'waitingCount'>
let rows: PooledTransaction[]
let mined: Set<Hash>
let otherRows: number
let calls: string[]
let beforeInsert: (() => void) | undefined

const store: PoolStore = {
  async readView(nonces): Promise<PoolView> {
    calls.push(`read ${nonces.size}`)
    const pending = new Map(rows.map(({ nonce, hash, gasPrice }) => [nonce, { hash, gasPrice }]))
    return {
      senders: new Map(
        [...nonces.keys()].map((address) => [address, { ...account, pending, waitingCount: pending.size }]),
      ),
      minedHashes: mined,
      pendingCount: rows.length + otherRows,
    }
  },
  async insert(added) {
    calls.push(`insert ${added.length}`)
    beforeInsert?.()
    const stored = added.filter(({ nonce, gasPrice }) => {
      const old = rows.find((row) => row.nonce === nonce)
      return old === undefined || gasPrice * 100n >= old.gasPrice * 110n
    })
    for (const each of stored) rows = [...rows.filter(({ nonce }) => nonce !== each.nonce), each]
    return new Set(stored.map(({ hash }) => hash))
  },
}

beforeEach(() => {
  account = { nonce: 10, balance: 10n ** 18n, hasCode: false, blocked: false }
  rows = []
  mined = new Set()
  otherRows = 0
  calls = []
  beforeInsert = undefined
})

const at = (nonce: bigint) => sign({ nonce })

async function submit(raw: Uint8Array, changed: Partial<PoolRules> = {}) {
  const [result] = await createPoolIntake({ store, rules: { ...rules, ...changed } }).submit([raw])
  return result!
}
async function refusal(raw: Uint8Array, changed: Partial<PoolRules> = {}): Promise<TransactionRejectedError> {
  const before = rows.length
  const result = await submit(raw, changed)
  if (!('error' in result)) throw new Error('was accepted')
  expect(rows).toHaveLength(before)
  return result.error
}

test('a sound transaction is stored with what the sequencer needs', async () => {
  const raw = sign()
  expect(await submit(raw)).toEqual({ hash: bytesToHex(keccak256(raw)) })
  expect(rows).toEqual([
    { hash: bytesToHex(keccak256(raw)), sender, nonce: 10, gasPrice: 100n, gasLimit: 50_000, cost: 5_000_001n, raw },
  ])
})

describe('refusals that need the transaction alone', () => {
  test.each([
    ['no RLP', Uint8Array.of(0xc1), /^invalid argument 0: /, -32602],
    ['a typed envelope', Uint8Array.of(2, 0xc0), /^transaction type not supported$/, -32000],
    ['an empty text', new Uint8Array(), /^invalid argument 0: /, -32602],
    ['another chain', sign({ chainId: 5n }), /^invalid chain id: have 5 want 1001$/, -32000],
    ['too much data', sign({ data: new Uint8Array(101), gasLimit: 10n ** 6n }), /^oversized data/, -32000],
    ['too much gas', sign({ gasLimit: 30_000_001n }), /^exceeds block gas limit$/, -32000],
    ['too little gas', sign({ gasLimit: 20_999n }), /^intrinsic gas too low: gas 20999, minimum needed 21000$/, -32000],
    ['too little gas for a contract', sign({ to: undefined, gasLimit: 52_999n }), /minimum needed 53000$/, -32000],
    ['too little gas for its data', sign({ data: Uint8Array.of(0, 1), gasLimit: 21_019n }), /needed 21020$/, -32000],
    ['a low price', sign({ gasPrice: 99n }), /^transaction underpriced: gas price 99, minimum needed 100$/, -32000],
    ['a high s', sign({ s: secp256k1.Point.Fn.ORDER - 1n }), /^invalid sender$/, -32000],
    ['no r', sign({ r: 0n }), /^invalid sender$/, -32000],
  ])('%s', async (_, raw, message, code) => {
    const error = await refusal(raw)
    expect(error.shortMessage).toMatch(message)
    expect(error.code).toBe(code)
    expect(calls).toEqual([])
  })

  test('an unprotected transaction is taken only where that is allowed', async () => {
    const raw = sign({ chainId: undefined })
    expect(await submit(raw)).toHaveProperty('hash')
    expect((await refusal(raw, { allowUnprotected: false })).shortMessage).toBe(
      'only replay-protected (EIP-155) transactions allowed over RPC',
    )
  })
})

describe('refusals that need the sender', () => {
  test('blocked, or a contract', async () => {
    account.blocked = true
    expect((await refusal(sign())).shortMessage).toBe('blocked sender')
    account = { ...account, blocked: false, hasCode: true }
    expect((await refusal(sign())).reason).toBe('invalidSender')
  })
  test('nonce behind or too far ahead', async () => {
    expect((await refusal(sign({ nonce: 9n }))).shortMessage).toBe('nonce too low: next nonce 10, tx nonce 9')
    expect((await refusal(sign({ nonce: 14n }))).shortMessage).toMatch(/^nonce too high/)
    expect((await refusal(sign({ nonce: 2n ** 64n - 1n }))).shortMessage).toMatch(/^nonce too high/)
    expect(await submit(sign({ nonce: 13n }))).toHaveProperty('hash')
  })
  test('a nonce behind as many transactions as an account may have, waiting or of the same group', async () => {
    const full = 'account has reached the tx limit in the txpool: 4 transactions wait'
    const results = await createPoolIntake({ store, rules }).submit([10n, 11n, 12n, 14n, 13n, 14n].map(at))
    expect(results.map((result) => ('error' in result ? result.error.shortMessage : 'taken'))).toEqual([
      ...['taken', 'taken', 'taken', 'nonce too high: next nonce 10, tx nonce 14', 'taken', full],
    ])
    expect((await refusal(at(14n))).shortMessage).toBe(full)
    expect(await submit(sign({ nonce: 13n, gasPrice: 110n }))).toHaveProperty('hash')
  })
  test('a balance one wei short', async () => {
    account.balance = 5_000_000n
    expect((await refusal(sign())).shortMessage).toBe(
      'insufficient funds for gas * price + value: balance 5000000, tx cost 5000001, overshot 1',
    )
    account.balance = 5_000_001n
    expect(await submit(sign())).toHaveProperty('hash')
  })
  test('a full pool, but for replacements', async () => {
    await submit(sign())
    otherRows = 4
    expect((await refusal(sign({ nonce: 11n }))).shortMessage).toBe('txpool is full')
    expect(await submit(sign({ gasPrice: 110n }))).toHaveProperty('hash')
  })
  test('known: waiting or mined', async () => {
    const raw = sign()
    const result = await submit(raw)
    expect((await refusal(raw)).shortMessage).toBe('already known')
    rows = []
    account.nonce = 11
    mined = new Set([(result as { hash: Hash }).hash])
    expect((await refusal(raw)).shortMessage).toBe('already known')
  })
  test('a replacement below the bump', async () => {
    await submit(sign())
    expect((await refusal(sign({ gasPrice: 109n }))).shortMessage).toBe('replacement transaction underpriced')
    expect(await submit(sign({ gasPrice: 110n }))).toHaveProperty('hash')
    expect(rows).toHaveLength(1)
  })
})

describe('groups', () => {
  test('transactions of one call and of one moment share a read and a write', async () => {
    const intake = createPoolIntake({ store, rules })
    const [first, second] = await Promise.all([
      intake.submit([sign(), Uint8Array.of(2), sign({ nonce: 11n })]),
      intake.submit([sign({ nonce: 12n })]),
    ])
    expect(first.map((result) => 'hash' in result)).toEqual([true, false, true])
    expect(second.map((result) => 'hash' in result)).toEqual([true])
    expect(calls).toEqual(['read 1', 'insert 3'])
  })

  test('they see each other: the same nonce twice is a replacement, or is refused', async () => {
    const intake = createPoolIntake({ store, rules })
    const results = await intake.submit([sign(), sign({ gasPrice: 105n }), sign({ gasPrice: 200n })])
    expect(results.map((result) => ('error' in result ? result.error.reason : 'taken'))).toEqual([
      'taken',
      'replacementUnderpriced',
      'taken',
    ])
    expect(rows.map(({ gasPrice }) => gasPrice)).toEqual([200n])
  })

  test('one that loses a race is judged again on what won', async () => {
    const winner = { ...(await stored(sign({ gasPrice: 108n }))) }
    rows = []
    beforeInsert = () => {
      rows = [winner]
      beforeInsert = undefined
    }
    expect((await submit(sign())) as object).toMatchObject({ error: { reason: 'replacementUnderpriced' } })
    expect(rows).toEqual([winner])
  })

  test('a store that fails accepts nothing, and the next call works', async () => {
    const intake = createPoolIntake({ store, rules })
    beforeInsert = () => {
      throw new Error('the database is away')
    }
    await expect(intake.submit([sign()])).rejects.toThrow('the database is away')
    beforeInsert = undefined
    expect(await intake.submit([sign()])).toMatchObject([{ hash: expect.any(String) }])
  })
})

test('long recoveries leave the event loop its turns', async () => {
  const transaction = decodeRawTransaction(sign())
  const unsound = { ...transaction, s: 0n }
  let turned = false
  setImmediate(() => {
    turned = true
  })
  const senders = await recoverSendersInProcess([unsound, ...Array<Transaction>(600).fill(transaction)])
  expect(turned).toBe(true)
  expect(senders.length).toBe(601)
  expect(new Set(senders)).toEqual(new Set([undefined, sender]))
})

async function stored(raw: Uint8Array): Promise<PooledTransaction> {
  await submit(raw)
  return rows[0]!
}
