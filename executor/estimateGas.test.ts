import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { estimateGas, type GasEstimate } from './estimateGas.ts'
import { type SimulatedCall, simulateCall } from './simulate.ts'
import { address, COINBASE, CONTRACT, code, type MemoryAccount, memoryState, SENDER } from './testing/memoryState.ts'
import { WorldState } from './worldState.ts'

const BLOCK = { number: 7, timestamp: 1000, coinbase: address(COINBASE), gasLimit: 2n ** 50n, chainId: 1000 }
const OPTIONS = { forkId: 9, block: BLOCK }
const CALL = {
  ...{ from: address(SENDER), to: address(CONTRACT), gas: 30_000_000, gasPrice: 0n, value: 0n },
  data: new Uint8Array(),
}
type Part = number | string
type Accounts = Record<number, MemoryAccount>

const estimate = (accounts: Accounts, call: Partial<SimulatedCall> = {}): Promise<GasEstimate> =>
  estimateGas(new WorldState(memoryState(accounts)), { ...CALL, ...call }, OPTIONS)

/** success and gas used, undefined when the call is refused. */
async function run(accounts: Accounts, gas: number, call: Partial<SimulatedCall> = {}) {
  const result = await simulateCall({ ...CALL, ...call, gas }, { ...OPTIONS, reader: memoryState(accounts) })
  return result.kind === 'executed' ? { success: result.success, gasUsed: result.gasUsed } : undefined
}

async function requireEstimate(accounts: Accounts, call: Partial<SimulatedCall> = {}): Promise<number> {
  const result = await estimate(accounts, call)
  if (result.kind !== 'estimated') throw new Error(`no estimate: ${JSON.stringify(result)}`)
  return result.gas
}

/** A CALL, STATICCALL or DELEGATECALL without data, given all gas unless said otherwise. */
const callTo = (to: string, { opcode = 0xf1, gas = 0x5a as Part, value = 0x5f as Part } = {}): Part[] => [
  ...[0x5f, 0x5f, 0x5f, 0x5f, ...(opcode === 0xf1 ? [value] : []), to, gas],
  opcode,
]
/** Reverts when the word on the stack is zero. */
const REQUIRE: Part[] = [0x58, '08', 0x01, 0x57, 0x5f, 0x5f, 0xfd, 0x5b]
const store = (slot: string, value: Part): Part[] => [value, slot, 0x55]
/** CREATE or CREATE2 of five bytes of init code. */
const create = (initCode: string, opcode = 0xf0): Part[] => [
  ...[initCode, 0x5f, 0x52, ...(opcode === 0xf5 ? [0x5f] : []), '05', '1b', 0x5f],
  opcode,
]

const OTHER = '1234'
const other = (...parts: readonly Part[]): Accounts => ({ 4660: { code: code(...parts) } })
const zoo: Record<string, { parts: Part[]; accounts?: Accounts; balance?: bigint; storage?: Record<string, bigint> }> =
  {
    'a store': { parts: store('01', '02') },
    'a refund': { parts: [...store('01', 0x5f)], storage: { '1': 7n } },
    'a refund of the same transaction': { parts: [...store('01', '02'), ...store('01', 0x5f)] },
    'a call that needs one 64th held back': {
      parts: [...callTo(OTHER), ...REQUIRE],
      accounts: other(...store('01', '02'), ...store('02', '02')),
    },
    'calls in calls': {
      parts: [...callTo('2345'), ...REQUIRE],
      accounts: {
        ...other(...store('01', '02')),
        9029: { code: code(...callTo(OTHER), ...REQUIRE, ...store('05', '01')) },
      },
    },
    'a transfer to a new account': { parts: [...callTo('9999', { value: '01' }), ...REQUIRE], balance: 5n },
    'a transfer with the stipend alone': {
      parts: [...callTo(OTHER, { value: '01', gas: 0x5f }), ...REQUIRE],
      accounts: other(0x5f, 0x5f, 0xa0),
      balance: 5n,
    },
    'a transfer nobody can pay': { parts: callTo(OTHER, { value: '01', gas: 0x5f }) },
    'a call with a fixed gas': {
      parts: [...callTo(OTHER, { gas: 'ffff' }), ...REQUIRE],
      accounts: other(...store('01', '02')),
    },
    'an inner revert that is caught': {
      parts: [...callTo(OTHER), 0x50, ...store('01', '01')],
      accounts: other(...store('01', '02'), 0x5f, 0x5f, 0xfd),
    },
    'a delegate call': {
      parts: [...callTo(OTHER, { opcode: 0xf4 }), ...REQUIRE],
      accounts: other(...store('01', '02')),
    },
    'CREATE of code': { parts: [...create('60015ff300'), ...REQUIRE] },
    'CREATE2 of code': { parts: [...create('60015ff300', 0xf5), ...REQUIRE] },
    SELFDESTRUCT: { parts: ['9999', 0xff], balance: 5n },
    'a hash of much memory': { parts: ['3fff', 0x5f, 0x20] },
    'a precompile': { parts: [...callTo('02'), ...REQUIRE] },
  }

describe.each(Object.entries(zoo))('%s', (_, { parts, accounts = {}, balance, storage }) => {
  const state: Accounts = {
    ...accounts,
    [CONTRACT]: { code: code(...parts), balance: balance ?? 0n, storage: storage ?? {} },
  }
  test('runs with the estimate as with all gas, and otherwise with one less', async () => {
    const gas = await requireEstimate(state)
    const full = await run(state, CALL.gas)
    expect(full?.success).toBe(true)
    expect(await run(state, gas)).toEqual(full)
    expect((await run(state, gas - 1))?.success).toBe(false)
  })
})

describe('a contract that looks at its gas', () => {
  test.each([
    ['wants some left', [0x5a, '0f4240', 0x10, ...REQUIRE]],
    ['stores what is left', store('01', 0x5a)],
    ['gives a call a share of it', [...callTo(OTHER).slice(0, -2), '02', 0x5a, 0x04, 0xf1, ...REQUIRE]],
  ] satisfies [string, Part[]][])('is searched when it %s', async (_, parts) => {
    const state: Accounts = { [CONTRACT]: { code: code(...parts) }, ...other(...store('01', '02')) }
    const gas = await requireEstimate(state)
    expect((await run(state, gas))?.success).toBe(true)
    expect((await run(state, Math.floor((gas * 63) / 64) - 1))?.success).toBe(false)
  })
})

test('a call that fails, or that nobody can pay, has no estimate', async () => {
  const fails: Accounts = { [CONTRACT]: { code: code(0x5f, 0x5f, 0xfd) } }
  expect(await estimate(fails)).toMatchObject({ kind: 'failed', result: { error: 'execution reverted' } })
  expect(await estimate({}, { value: 1n })).toMatchObject({ result: { error: 'INTRINSIC_INVALID_BALANCE' } })
  const poor = { [SENDER]: { balance: 30_000n }, [CONTRACT]: { code: code(...store('01', '01')) } }
  expect(await estimate(poor, { gasPrice: 1n })).toMatchObject({ kind: 'failed', gas: 30_000, isShortOfFunds: true })
})

test('a call that would burn all gas it has gets a limit that a batch has counters for', async () => {
  const burns: Accounts = { [CONTRACT]: { code: code(0x5b, '5000', 0x5a, 0x11, 0x5f, 0x57) } }
  const gas = await requireEstimate(burns)
  expect((await run(burns, gas))?.success).toBe(true)
  expect(gas).toBeLessThan((21_021 * 65) / 64) // one turn, and what a search leaves open
  expect((await run(burns, 21_020))?.success).toBe(false)
})

test('an endless loop ends by counters long before its gas', async () => {
  const loops: Accounts = { [CONTRACT]: { code: code(0x5b, 0x5f, 0x56) } }
  expect(await estimate(loops)).toEqual({ kind: 'out-of-counters', counter: 'steps' })
})

test('a call no batch has room for names the counter', async () => {
  const loops: Accounts = { [CONTRACT]: { code: code('0186a0', 0x5b, '01', 0x90, 0x03, 0x80, '04', 0x57) } }
  expect(await estimate(loops)).toEqual({ kind: 'out-of-counters', counter: 'steps' })
})

test('a deployment pays for its code', async () => {
  const call = { to: undefined, data: code('80', 0x5f, 0xf3) }
  const gas = await requireEstimate({}, call)
  expect(await run({}, gas, call)).toEqual({ success: true, gasUsed: gas })
  expect((await run({}, gas - 1, call))?.success).toBe(false)
})

// ------------------------------------------------------------------------------------------------- random contracts

const slot = fc.constantFrom('01', '02', '03')
const word = fc.constantFrom<Part>(0x5f, '01', 'ffff')
const gasGiven = fc.constantFrom<Part>(0x5a, 0x5f, '2710', 'ffffff')
const fragment = (callee: string | undefined): fc.Arbitrary<Part[]> =>
  fc.oneof(
    fc.tuple(slot, word).map(([key, value]) => store(key, value)),
    slot.map((key) => [key, 0x54, 0x50]),
    fc.constantFrom('20', '1000', '4000').map((offset) => [0x5f, offset, 0x52]),
    fc.constantFrom('20', '0400').map((size) => [size, 0x5f, 0xa0]),
    fc.constantFrom('00ff', '07ff').map((size) => [size, 0x5f, 0x20, 0x50]),
    fc.constantFrom('9999', '02', '04').map((to) => [to, 0x31, 0x50]),
    fc
      .tuple(fc.constantFrom('60015ff300', '5f5ffd0000', '60015f5500'), fc.constantFrom(0xf0, 0xf5))
      .map(([initCode, opcode]) => [...create(initCode, opcode), 0x50]),
    ...(callee === undefined
      ? []
      : [
          fc
            .record({
              opcode: fc.constantFrom(0xf1, 0xf4, 0xfa),
              gas: gasGiven,
              value: fc.constantFrom<Part>(0x5f, '01'),
            })
            .chain((how) =>
              fc
                .tuple(fc.constantFrom(callee, '02', '04', '9999'), fc.constantFrom<Part[]>(REQUIRE, [0x50]))
                .map(([to, after]) => [...callTo(to, how), ...after]),
            ),
        ]),
  )
const ending = fc.constantFrom<Part[]>([], [0x5f, 0x5f, 0xf3], ['9999', 0xff], [0x5f, 0x5f, 0xfd], [0xfe])
const contract = (callee: string | undefined, ends: fc.Arbitrary<Part[]> = ending) =>
  fc.tuple(fc.array(fragment(callee), { maxLength: 6 }), ends).map(([parts, end]) => code(...parts.flat(), ...end))

test('whatever a contract does, it does the same with the estimate, and something else with one less', async () => {
  const contracts = fc.tuple(contract('2345', fc.constant([])), contract('3456'), contract(undefined))
  await fc.assert(
    fc.asyncProperty(contracts, fc.integer({ min: 0, max: 3 }), async ([first, second, third], balance) => {
      const state: Accounts = {
        [CONTRACT]: { code: first, balance: BigInt(balance), storage: { '1': 7n } },
        9029: { code: second, balance: 1n, storage: { '2': 7n } },
        13398: { code: third, storage: { '3': 7n } },
      }
      const full = await run(state, CALL.gas)
      const found = await estimate(state)
      expect(found.kind).toBe(full?.success ? 'estimated' : 'failed')
      if (found.kind !== 'estimated') return
      expect((await run(state, found.gas))?.success).toBe(true)
      if (!found.isExact) return
      expect(await run(state, found.gas)).toEqual(full)
      expect(await run(state, found.gas - 1)).not.toEqual(full)
    }),
    { numRuns: 400 },
  )
})
