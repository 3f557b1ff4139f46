import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { estimateGas, type GasEstimate } from './estimateGas.ts'
import { type SimulatedCall, simulateCall } from './simulate.ts'
import { type Accounts, callTo, create, GAS_LOOKERS, GAS_ZOO, type Part, REQUIRE, store } from './testing/gasZoo.ts'
import { address, COINBASE, CONTRACT, code, memoryState, SENDER } from './testing/memoryState.ts'
import { WorldState } from './worldState.ts'

const BLOCK = { number: 7, timestamp: 1000, coinbase: address(COINBASE), gasLimit: 2n ** 50n, chainId: 1000 }
const OPTIONS = { forkId: 9, block: BLOCK }
const CALL = {
  ...{ from: address(SENDER), to: address(CONTRACT), gas: 30_000_000, gasPrice: 0n, value: 0n },
  data: new Uint8Array(),
}

const estimate = (accounts: Accounts, call: Partial<SimulatedCall> = {}): Promise<GasEstimate> =>
  estimateGas(new WorldState(memoryState(accounts)), { ...CALL, ...call }, OPTIONS)

/** A call that is refused fails and uses nothing. */
async function run(accounts: Accounts, gas: number, call: Partial<SimulatedCall> = {}) {
  const result = await simulateCall({ ...CALL, ...call, gas }, { ...OPTIONS, reader: memoryState(accounts) })
  return result.kind === 'executed'
    ? { success: result.success, gasUsed: result.gasUsed }
    : { success: false, gasUsed: 0 }
}

async function requireEstimate(accounts: Accounts, call: Partial<SimulatedCall> = {}): Promise<number> {
  const result = await estimate(accounts, call)
  if (result.kind !== 'estimated') throw new Error(`no estimate: ${JSON.stringify(result)}`)
  return result.gas
}

describe.each(Object.entries(GAS_ZOO))('%s', (_, state) => {
  test('runs with the estimate as with all gas, and otherwise with one less', async () => {
    const gas = await requireEstimate(state)
    const full = await run(state, CALL.gas)
    expect(full.success).toBe(true)
    expect(await run(state, gas)).toEqual(full)
    expect((await run(state, gas - 1)).success).toBe(false)
  })
})

describe.each(Object.entries(GAS_LOOKERS))('%s', (_, state) => {
  test('gets a limit that is searched', async () => {
    const gas = await requireEstimate(state)
    expect((await run(state, gas)).success).toBe(true)
    expect((await run(state, Math.floor((gas * 63) / 64) - 1)).success).toBe(false)
  })
})

test('a call that fails, or that nobody can pay, has no estimate', async () => {
  const fails: Accounts = { [CONTRACT]: { code: code(0x5f, 0x5f, 0xfd) } }
  expect(await estimate(fails)).toMatchObject({ kind: 'failed', result: { error: 'execution reverted' } })
  expect(await estimate({}, { value: 1n })).toMatchObject({ result: { error: 'INTRINSIC_INVALID_BALANCE' } })
  const poor = { [SENDER]: { balance: 30_000n }, [CONTRACT]: { code: code(...store('01', '01')) } }
  expect(await estimate(poor, { gasPrice: 1n })).toMatchObject({ kind: 'failed', gas: 30_000, isShortOfFunds: true })
})

test('what burns all gas it has gets a limit that a batch has counters for', async () => {
  const gas = await requireEstimate(GAS_LOOKERS['a contract that burns what it has']!)
  expect(gas).toBeGreaterThanOrEqual(21_021) // one turn
  expect(gas).toBeLessThan((21_021 * 65) / 64) // what a search leaves open
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
  expect((await run({}, gas - 1, call)).success).toBe(false)
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
      expect(found.kind).toBe(full.success ? 'estimated' : 'failed')
      if (found.kind !== 'estimated') return
      expect((await run(state, found.gas)).success).toBe(true)
      if (!found.isExact) return
      expect(await run(state, found.gas)).toEqual(full)
      expect(await run(state, found.gas - 1)).not.toEqual(full)
    }),
    { numRuns: 400 },
  )
})
