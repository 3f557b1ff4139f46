import { afterAll, beforeAll, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { addressOf } from '#test/blocks.ts'
import { call, startTestApi, type TestApi } from './testServer.ts'

const rich = addressOf(0xa11ce)
/** Contracts by what they do. */
const code = {
  returnsNumber: '0x4360005260206000f3', // NUMBER; MSTORE(0); RETURN(0, 32)
  returnsCaller: '0x3360005260206000f3',
  // Error("no") : selector, offset 32, length 2, text
  reverts: `0x7f08c379a000000000000000000000000000000000000000000000000000000000600052602060045260026024527f6e6f00000000000000000000000000000000000000000000000000000000000060445260646000fd`,
  halts: '0xfe',
  loops: '0x5b600056',
  stores: '0x600160005500', // SSTORE(0, 1)
  // SSTORE(0, 1); SSTORE(0, 0): half of it comes back as a refund
  refunds: '0x6001600055600060005500',
} as const
const at = Object.fromEntries(Object.keys(code).map((name, index) => [name, addressOf(0xc000 + index)])) as Record<
  keyof typeof code,
  ReturnType<typeof addressOf>
>

let api: TestApi
beforeAll(async () => {
  const contracts = Object.fromEntries(
    Object.entries(code).map(([name, hex]) => [at[name as keyof typeof code], hexToBytes(hex)]),
  )
  api = await startTestApi({ balances: { [rich]: 10n ** 18n }, contracts, config: { rpc: { evmTimeoutMs: 300 } } })
})
afterAll(() => api?.close())

const ethCall = (fields: object, ...rest: unknown[]) => call(api.url, 'eth_call', fields, ...rest)
const estimate = (fields: object) => call(api.url, 'eth_estimateGas', fields)

test('a call returns what the contract returns, at the block it names', async () => {
  expect((await ethCall({ to: at.returnsCaller, from: rich })).result).toBe(`0x${rich.slice(2).padStart(64, '0')}`)
  expect((await ethCall({ to: at.returnsNumber }, '0x0')).result).toBe(`0x${'0'.repeat(64)}`)
  expect((await ethCall({ to: addressOf(0xdead) })).result).toBe('0x')
  expect((await ethCall({ to: at.returnsNumber }, '0x5')).error?.message).toBe('header not found')
})

test('code sees pending as the block after latest, unless the call pretends another one', async () => {
  const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`
  expect((await ethCall({ to: at.returnsNumber }, 'latest')).result).toBe(word(0))
  expect((await ethCall({ to: at.returnsNumber }, 'pending')).result).toBe(word(1))
  expect((await ethCall({ to: at.returnsNumber }, 'pending', {}, { number: '0x9' })).result).toBe(word(9))
})

test('a revert has code 3, its reason and its data', async () => {
  const { error } = await ethCall({ to: at.reverts })
  expect(error).toMatchObject({ code: 3, message: 'execution reverted: no' })
  expect(error?.data).toMatch(/^0x08c379a0/)
  expect((await estimate({ to: at.reverts })).error).toMatchObject({ code: 3, message: 'execution reverted: no' })
})

test('a halt names its cause', async () => {
  expect((await ethCall({ to: at.halts })).error).toMatchObject({ code: -32000, message: 'invalid opcode' })
})

test('an endless loop ends by gas or by time, and the process goes on', async () => {
  expect((await ethCall({ to: at.loops, gas: '0x186a0' })).error?.message).toBe('out of gas')
  const { error } = await ethCall({ to: at.loops })
  expect([
    { code: -32002, message: 'request timed out' },
    { code: -32000, message: 'out of gas' },
  ]).toContainEqual(error)
  expect((await call(api.url, 'eth_chainId')).result).toBe('0x3e9')
})

test('the balance counts once a price or a value is given', async () => {
  expect((await ethCall({ to: at.returnsCaller, gas: '0x186a0' })).result).toBeDefined()
  expect((await ethCall({ to: at.returnsCaller, gas: '0x186a0', gasPrice: '0x1' })).error?.message).toMatch(
    /^insufficient funds for gas \* price \+ value/,
  )
})

test('a call can pretend balance, code and storage', async () => {
  const readsSlot = { code: '0x60015460005260206000f3', stateDiff: { '0x1': `0x${'2a'.padStart(64, '0')}` } }
  expect((await ethCall({ to: addressOf(0x9999) }, 'latest', { [addressOf(0x9999)]: readsSlot })).result).toBe(
    `0x${'2a'.padStart(64, '0')}`,
  )
  const poor = { to: at.returnsCaller, from: addressOf(5), gas: '0x186a0', gasPrice: '0x1' }
  expect((await ethCall(poor, 'latest', { [addressOf(5)]: { balance: '0xffffffff' } })).result).toBeDefined()
  expect((await ethCall(poor, 'latest', { [addressOf(5)]: { state: {}, stateDiff: {} } })).error?.code).toBe(-32602)
})

test('a deployment returns the code it would leave', async () => {
  // RETURN(0, 1) of empty memory: the code is one zero byte
  expect((await ethCall({ data: '0x60016000f3' })).result).toBe('0x00')
})

test('a plain transfer takes 21000, whatever the nonce', async () => {
  expect((await estimate({ from: rich, to: addressOf(0xdead), value: '0x1', nonce: '0x99' })).result).toBe('0x5208')
  expect((await estimate({ from: addressOf(5), to: addressOf(0xdead), value: '0x1' })).error?.message).toMatch(
    /^insufficient funds/,
  )
})

test.each(['stores', 'refunds'] as const)('an estimate of a contract that %s succeeds as a limit', async (name) => {
  const gas = (await estimate({ to: at[name] })).result as string
  expect((await ethCall({ to: at[name], gas })).result).toBe('0x')
  const twoThirds = `0x${Math.floor((Number(gas) * 2) / 3).toString(16)}`
  expect((await ethCall({ to: at[name], gas: twoThirds })).error?.message).toMatch(/gas/)
})
