import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { sign } from '#executor/testing/chain.ts'
import { encodeRawTransaction, transactionHash } from '#protocol/transaction.ts'
import { addressOf } from '#test/blocks.ts'
import { addBlock, call, startTestApi, TEST_CHAIN_ID, type TestApi } from './testServer.ts'

const rich = addressOf(0xa11ce)
const { transaction: signed, sender: signer } = sign({ chainId: BigInt(TEST_CHAIN_ID), to: addressOf(0xdead) })
/** Contracts by what they do. */
const code = {
  counts: '0x60005460010160005560005460005260206000f3', // returns ++slot0
  callsCounter: '0x60006000600060006000617070' + '5af1' + '00', // CALL(gas, 0x7070, 0, …)
  reverts: '0x60003560005260206000fd', // REVERT(input)
  loops: '0x620186a05b6001900380600457', // more steps than a batch has
  readsTime: '0x4260005260206000f3',
  returnsMuch: '0x6210000160' + '00f3', // RETURN(0, 1 MiB + 1)
} as const
const at = {
  counts: addressOf(0x7070),
  callsCounter: addressOf(0x7071),
  reverts: addressOf(0x7072),
  loops: addressOf(0x7073),
  readsTime: addressOf(0x7074),
  returnsMuch: addressOf(0x7075),
}
const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`

let api: TestApi
beforeAll(async () => {
  const contracts = Object.fromEntries(
    Object.entries(at).map(([name, address]) => [address, hexToBytes(code[name as keyof typeof code])]),
  )
  api = await startTestApi({ balances: { [rich]: 10n ** 18n, [signer]: 10n ** 18n }, contracts })
})
afterAll(() => api?.close())

const ask = (method: string, ...params: unknown[]) => call(api.url, method, ...params)

describe('eth_call', () => {
  test.each([
    ['time', { time: '0x3e8' }, at.readsTime, word(1000)],
    ['number', { number: '0x7' }, undefined, word(7)],
    ['feeRecipient', { feeRecipient: rich }, undefined, `0x${rich.slice(2).padStart(64, '0')}`],
    ['gasLimit', { gasLimit: '0x9' }, undefined, word(9)],
    ['baseFee, which no instruction tells', { time: '0x1', baseFee: '0x5' }, at.readsTime, word(1)],
  ])('pretends the %s of its block', async (name, overrides, to, expected) => {
    const opcodes: Record<string, string> = { number: '43', feeRecipient: '41', gasLimit: '45' }
    const target = to ?? addressOf(0x8888)
    const program = { [target]: { code: `0x${opcodes[name]}60005260206000f3` } }
    const { result } = await ask('eth_call', { to: target }, 'latest', to === undefined ? program : {}, overrides)
    expect(result).toBe(expected)
  })

  test('lends a sender without a price the value it sends; an estimate does not', async () => {
    const transfer = { from: addressOf(0x55), to: addressOf(0x56), value: '0x5' }
    expect((await ask('eth_call', transfer)).result).toBe('0x')
    expect((await ask('eth_call', { ...transfer, gasPrice: '0x1' })).error).toMatchObject({ code: -32000 })
    expect((await ask('eth_estimateGas', transfer)).error).toEqual({
      code: -32000,
      message: 'insufficient funds for gas * price + value: balance 0, tx cost 5, overshot 5',
    })
  })

  test.each([
    [{ chainId: '0x1' }, -32000, 'invalid chain id: have 1, want 1001'],
    [{ type: '0x3' }, -32000, 'transaction type not supported'],
    [{ authorizationList: [] }, -32000, 'transaction type not supported'],
    [
      { maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' },
      -32000,
      'max priority fee per gas higher than max fee per gas',
    ],
    [{ gas: '0x1' }, -32000, 'intrinsic gas too low: gas 1, minimum needed 21000'],
    [{ to: at.returnsMuch }, -32003, 'response too large'],
  ])('refuses %j', async (fields, errorCode, message) => {
    expect((await ask('eth_call', { to: rich, ...fields })).error).toMatchObject({ code: errorCode, message })
  })

  test('can move a precompile', async () => {
    const moved = { [addressOf(4)]: { movePrecompileToAddress: at.counts } }
    expect((await ask('eth_call', { to: at.counts, data: '0x1234' }, 'latest', moved)).result).toBe('0x1234')
    expect((await ask('eth_call', { to: addressOf(4), data: '0x1234' }, 'latest', moved)).result).toBe('0x')
  })

  test('takes at most 1000 accounts to pretend', async () => {
    const many = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [addressOf(index), {}]))
    expect((await ask('eth_call', { to: rich }, 'latest', many)).error).toEqual({
      code: -32602,
      message: 'invalid argument 2: more than 1000 accounts',
    })
  })
})

test('an estimate pretends state, and names the counter no batch has enough of', async () => {
  expect((await ask('eth_estimateGas', { to: at.loops })).error).toEqual({
    code: -32000,
    message: 'out of counters: steps',
    data: { counter: 'steps' },
  })
  const none = { [at.loops]: { code: '0x' } }
  expect((await ask('eth_estimateGas', { to: at.loops }, 'latest', none)).result).toBe('0x5208')
  expect((await ask('eth_estimateGas', { from: rich, to: at.loops, gasPrice: '0xe8d4a51000' })).error).toEqual({
    code: -32000,
    message: 'gas required exceeds allowance (1000000)',
  })
})

test('an access list has what the call touches, also when it fails', async () => {
  expect((await ask('eth_createAccessList', { to: at.callsCounter })).result).toEqual({
    accessList: [{ address: at.counts, storageKeys: [word(0)] }],
    gasUsed: '0xb31a',
  })
  expect((await ask('eth_createAccessList', { to: at.reverts })).result).toMatchObject({
    accessList: [],
    error: 'execution reverted',
  })
  expect((await ask('eth_createAccessList', { to: rich, from: addressOf(5), value: '0x1' })).error).toMatchObject({
    code: -32000,
  })
})

test('bundles of calls see what the calls before them left', async () => {
  const bundles = [
    { transactions: [{ to: at.counts }, { to: at.counts }] },
    { transactions: [{ to: at.counts }, { to: at.readsTime }], blockOverride: { time: '0x9' } },
    { transactions: [{ to: at.reverts, data: word(7) }] },
  ]
  const state = { [at.counts]: { stateDiff: { '0x0': word(40) } } }
  expect((await ask('eth_callMany', bundles, { blockNumber: 'latest', transactionIndex: -1 }, state)).result).toEqual([
    [{ value: word(41) }, { value: word(42) }],
    [{ value: word(43) }, { value: word(9) }],
    [{ error: 'execution reverted', data: word(7) }],
  ])
  expect((await ask('eth_callMany', [])).error?.message).toBe('invalid argument 0: empty bundles')
  expect((await ask('eth_call', { to: at.counts })).result).toBe(word(1))
})

test('a transaction is filled with what it lacks', async () => {
  const fill = (fields: object) => ask('eth_fillTransaction', fields)
  const { tx, raw } = (await fill({ from: rich, to: at.counts })).result as { tx: object; raw: string }
  expect(tx).toEqual({
    ...{ type: '0x0', nonce: '0x0', to: at.counts, gas: '0xa8de', value: '0x0', input: '0x' },
    ...{ gasPrice: '0x3b9aca00', chainId: '0x3e9' },
  })
  expect(raw).toBe('0xe580843b9aca0082a8de9400000000000000000000000000000000000070708080' + '8203e98080')
  const given = { from: rich, to: rich, gas: '0x5300', nonce: '0x4', gasPrice: '0x9', value: '0x1' }
  expect((await fill(given)).result).toMatchObject({
    tx: { gas: '0x5300', nonce: '0x4', gasPrice: '0x9', value: '0x1' },
  })
  expect((await fill({ from: rich, to: at.reverts })).error).toMatchObject({ code: 3 })
})

describe('zkevm estimates', () => {
  test('counters come with their limits, reverts and what they exceed', async () => {
    const { result } = await ask('zkevm_estimateCounters', { to: at.counts })
    expect(result).toMatchObject({
      countersUsed: { gasUsed: '0xa8de' },
      countersLimit: { maxGasUsed: '0x4000000000000', maxSteps: '0x7998dc', maxKeccakHashes: '0x8d2' },
    })
    expect(Object.keys((result as { countersUsed: object }).countersUsed)).toHaveLength(9)
    const reverted = (await ask('zkevm_estimateCounters', { to: at.reverts, data: word(7) })).result
    expect(reverted).toMatchObject({ revert: { message: 'execution reverted', data: word(7) } })
    const exhausted = (await ask('zkevm_estimateCounters', { to: at.loops })).result
    expect(exhausted).toMatchObject({ oocError: 'out of counters: steps' })
  })

  test('the price is what is offered, the fee that price times the gas', async () => {
    expect((await ask('zkevm_estimateGasPrice', { to: at.counts })).result).toBe('0x3b9aca00')
    expect((await ask('zkevm_estimateGasPrice', { from: rich, to: at.counts, gasPrice: '0x7' })).result).toBe('0x7')
    const fee = { from: rich, to: at.counts, gasPrice: '0x2' }
    expect((await ask('zkevm_estimateFee', fee)).result).toBe(`0x${(2 * 0xa8de).toString(16)}`)
    expect((await ask('zkevm_estimateFee', { to: at.reverts })).error).toMatchObject({ code: 3, data: word(0) })
    expect((await ask('zkevm_estimateGasPrice', { to: at.reverts })).error).toMatchObject({ code: 3 })
  })
})

describe('eth_sendRawTransactionSync', () => {
  const raw = `0x${Buffer.from(encodeRawTransaction(signed)).toString('hex')}`
  const hash = transactionHash(signed)

  test('tells the hash of what is not mined in time', async () => {
    const { error } = await ask('eth_sendRawTransactionSync', raw, 20)
    expect(error).toEqual({
      code: 4,
      message: 'timeout: the transaction was taken but not mined within 20 ms',
      data: hash,
    })
    expect((await ask('eth_sendRawTransactionSync', raw)).error).toMatchObject({ message: 'already known' })
  })

  test('answers the receipt once the transaction is mined', async () => {
    const next = sign({ chainId: BigInt(TEST_CHAIN_ID), to: addressOf(0xdead), nonce: 1n }).transaction
    const nextHash = transactionHash(next)
    const sending = ask('eth_sendRawTransactionSync', `0x${Buffer.from(encodeRawTransaction(next)).toString('hex')}`)
    await addBlock(api.db, 1, {
      transactions: [
        {
          ...{
            hash: nextHash,
            sender: signer,
            recipient: addressOf(0xdead),
            nonce: 1,
            raw: encodeRawTransaction(next),
          },
          ...{ l2Hash: nextHash, effectivePercentage: 255, effectiveGasPrice: 1n, status: 1 },
          ...{ gasUsed: 21_000, cumulativeGasUsed: 21_000 },
        },
      ],
    })
    expect((await sending).result).toMatchObject({ transactionHash: nextHash, blockNumber: '0x1', gasUsed: '0x5208' })
  })
})
