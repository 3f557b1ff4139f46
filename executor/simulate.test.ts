import { describe, expect, test } from 'vitest'
import { bytesToBigInt } from '#common/bytes.ts'
import type { TraceEnter, TraceExit, TraceStep } from './evm/tracer.ts'
import { simulateCall } from './simulate.ts'
import { address, CONTRACT, callContract, code, memoryState, RETURN_TOP, SENDER } from './testing/memoryState.ts'

const loadSlot = code('01', 0x54, ...RETURN_TOP)
const word = ({ returnData }: { returnData: Uint8Array }) => bytesToBigInt(returnData)

describe('a simulated call', () => {
  test('returns revert data, keeps the rest of the gas and no logs', async () => {
    const program = code(0x5f, 0x5f, 0xa0, '2a', 0x5f, 0x52, '20', 0x5f, 0xfd)
    const result = await callContract({ [CONTRACT]: { code: program } })
    expect(result).toMatchObject({ success: false, error: 'execution reverted', logs: [] })
    expect(word(result)).toBe(0x2an)
    expect(result.gasUsed).toBeLessThan(22000)
  })

  test('charges the fee before it runs, when a price is given', async () => {
    const program = code(SENDER.toString(16), 0x31, ...RETURN_TOP)
    const accounts = { [CONTRACT]: { code: program }, [SENDER]: { balance: 10_000_000n } }
    expect(word(await callContract(accounts, { gasPrice: 3n }))).toBe(7_000_000n)
    expect(word(await callContract(accounts))).toBe(10_000_000n)
  })

  test.each([
    ['INTRINSIC_INVALID_GAS_LIMIT', { gas: 20_999 }],
    ['INTRINSIC_INVALID_BALANCE', { value: 1n }],
  ] as const)('is refused: %s', async (error, fields) => {
    const call = { from: address(SENDER), to: address(CONTRACT), gas: 50_000, gasPrice: 0n, value: 0n }
    const block = { number: 1, timestamp: 1, coinbase: address(1), gasLimit: 1n, chainId: 1 }
    const options = { reader: memoryState({}), forkId: 9, block }
    expect(await simulateCall({ ...call, data: new Uint8Array(), ...fields }, options)).toMatchObject({
      kind: 'refused',
      error,
    })
  })
})

describe('state overrides', () => {
  const accounts = { [CONTRACT]: { code: loadSlot, storage: { '1': 5n, '2': 6n } } }
  const overridden = (override: object) => ({ overrides: new Map([[address(CONTRACT), override]]) })

  test('replace single slots', async () => {
    expect(word(await callContract(accounts, {}, overridden({ stateDiff: new Map([[1n, 9n]]) })))).toBe(9n)
    expect(word(await callContract(accounts, {}, overridden({ stateDiff: new Map([[2n, 9n]]) })))).toBe(5n)
  })

  test('replace the whole storage', async () => {
    expect(word(await callContract(accounts, {}, overridden({ state: new Map([[2n, 9n]]) })))).toBe(0n)
  })

  test('replace code, balance and nonce', async () => {
    const balance = code(0x47, ...RETURN_TOP)
    expect(word(await callContract(accounts, {}, overridden({ code: balance, balance: 77n })))).toBe(77n)
  })
})

test('a tracer sees frames, instructions and their cost', async () => {
  const inner = code('00', 0x54)
  const program = code(0x5f, 0x5f, 0x5f, 0x5f, '1234', 'ffff', 0xfa, 0x50)
  const [steps, costs] = [[] as string[], [] as number[]]
  const [enters, exits] = [[] as TraceEnter[], [] as TraceExit[]]
  const tracer = {
    onStep: ({ name, depth }: TraceStep) => steps.push(`${depth} ${name}`),
    onStepCost: (cost: number) => costs.push(cost),
    onEnter: (enter: TraceEnter) => enters.push(enter),
    onExit: (exit: TraceExit) => exits.push(exit),
  }
  const accounts = { [CONTRACT]: { code: program }, 4660: { code: inner } }
  const { gasUsed } = await callContract(accounts, {}, { tracer })
  expect(steps).toEqual([
    ...['1 PUSH0', '1 PUSH0', '1 PUSH0', '1 PUSH0', '1 PUSH2', '1 PUSH2', '1 STATICCALL'],
    ...['2 PUSH1', '2 SLOAD', '2 STOP', '1 POP', '1 STOP'],
  ])
  expect(costs).toEqual([2, 2, 2, 2, 3, 3, 2600 + 0xffff, 3, 2100, 0, 2, 0])
  expect(enters.map(({ kind, depth, gas }) => [kind, depth, gas])).toEqual([
    ['CALL', 1, 979_000],
    ['STATICCALL', 2, 0xffff],
  ])
  expect(exits.map(({ depth, error, gasUsed: used }) => [depth, error, used])).toEqual([
    [2, undefined, 2103],
    [1, undefined, gasUsed - 21000],
  ])
})
