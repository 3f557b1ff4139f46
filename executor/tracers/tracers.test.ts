import { describe, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { intrinsicGas } from '#protocol/intrinsicGas.ts'
import type { SimulatedCall } from '../simulate.ts'
import { simulateOn } from '../simulate.ts'
import { address, CONTRACT, code, type MemoryAccount, memoryState, SENDER } from '../testing/memoryState.ts'
import { WorldState } from '../worldState.ts'
import { createRecorder, type TracerSpec, UnknownTracerError } from './createRecorder.ts'
import { TraceBudget, TraceTooLargeError } from './recorder.ts'
import type { VmTrace } from './vmTracer.ts'

const BLOCK = { number: 7, timestamp: 1000, coinbase: address(0xbeef), gasLimit: 2n ** 50n, chainId: 1000 }
const GAS = 100_000

async function trace(accounts: Record<number, MemoryAccount>, spec: TracerSpec, call: Partial<SimulatedCall> = {}) {
  const world = new WorldState(memoryState(accounts))
  const recorder = createRecorder(spec, new TraceBudget(1_000_000))
  const message = { from: address(SENDER), to: address(CONTRACT), gas: GAS, gasPrice: 0n, value: 0n, ...call }
  const options = { forkId: 9, block: BLOCK, tracer: recorder.tracer }
  const result = await simulateOn(world, { data: new Uint8Array(), ...message }, options)
  if (result.kind === 'refused') throw new Error(result.error)
  return await recorder.result({ gasLimit: message.gas, ...result }, world)
}

const oneStore = { [CONTRACT]: { code: code('2a', '01', 0x55), balance: 5n } }
const named = (tracer: string, config: Record<string, unknown> = {}): TracerSpec => ({ tracer, config })

describe('the struct log', () => {
  const steps = [
    { pc: 0, op: 'PUSH1', gas: 79_000, gasCost: 3, depth: 1, stack: [], refund: 0 },
    { pc: 2, op: 'PUSH1', gas: 78_997, gasCost: 3, depth: 1, stack: ['0x2a'], refund: 0 },
    {
      ...{ pc: 4, op: 'SSTORE', gas: 78_994, gasCost: 22_100, depth: 1, stack: ['0x2a', '0x1'], refund: 0 },
      storage: { [`0x${'1'.padStart(64, '0')}`]: `0x${'2a'.padStart(64, '0')}` },
    },
    { pc: 5, op: 'STOP', gas: 56_894, gasCost: 0, depth: 1, stack: [], refund: 0 },
  ]

  test('has every instruction', async () => {
    const expected = { gas: 43_106, failed: false, returnValue: '0x', structLogs: steps }
    expect(await trace(oneStore, { config: {} })).toEqual(expected)
  })

  test('stops at its limit, while the run goes on', async () => {
    const expected = { gas: 43_106, failed: false, returnValue: '0x', structLogs: steps.slice(0, 2) }
    expect(await trace(oneStore, { config: { limit: 2 } })).toEqual(expected)
  })

  test('leaves out stack and storage', async () => {
    const traced = await trace(oneStore, { config: { disableStack: true, disableStorage: true } })
    const bare = steps.map(({ stack: _stack, storage: _storage, ...step }: Record<string, unknown>) => step)
    expect(traced).toMatchObject({ structLogs: bare })
    expect(JSON.stringify(traced)).not.toMatch(/stack|storage/)
  })

  test('shows memory and return data only when asked', async () => {
    const accounts = { [CONTRACT]: { code: code('07', 0x5f, 0x52) } }
    const config = { enableMemory: true, enableReturnData: true }
    const { structLogs } = (await trace(accounts, { config })) as { structLogs: object[] }
    expect(structLogs.at(-1)).toMatchObject({ memory: [`0x${'7'.padStart(64, '0')}`], returnData: '0x' })
    expect(JSON.stringify(await trace(accounts, { config: {} }))).not.toMatch(/memory|returnData/)
  })

  test('names the error of a halt', async () => {
    const { structLogs } = (await trace({ [CONTRACT]: { code: code(0xfe) } }, { config: {} })) as {
      structLogs: object[]
    }
    expect(structLogs).toMatchObject([{ op: 'INVALID', error: 'invalid opcode', gasCost: 0 }])
  })
})

describe('the trace of the machine', () => {
  type Traced = { vmTrace: VmTrace }
  const vmTrace = async (accounts: Record<number, MemoryAccount>, call: Partial<SimulatedCall> = {}) =>
    ((await trace(accounts, named('parityTracer', { vmTrace: true }), call)) as Traced).vmTrace
  const operation = (
    idx: string,
    pc: number,
    op: string,
    [cost, used]: readonly [number, number],
    rest: object = {},
  ) => {
    const { ex = {}, ...more } = rest as { ex?: object }
    return { cost, pc, op, idx, sub: null, ex: { mem: null, push: [], store: null, used, ...ex }, ...more }
  }

  test('has what each instruction left, and the gas after it', async () => {
    expect(await vmTrace(oneStore)).toEqual({
      code: '0x602a600155',
      ops: [
        operation('0', 0, 'PUSH1', [3, 78_997], { ex: { push: ['0x2a'] } }),
        operation('1', 2, 'PUSH1', [3, 78_994], { ex: { push: ['0x1'] } }),
        operation('2', 4, 'SSTORE', [22_100, 56_894], { ex: { store: { key: '0x1', val: '0x2a' } } }),
        operation('3', 5, 'STOP', [0, 56_894]),
      ],
    })
  })

  test('shows words that moved and memory that was written', async () => {
    const { ops } = await vmTrace({ [CONTRACT]: { code: code('07', '08', '09', 0x91, 0x82, '20', 0x53, 0x51) } })
    expect(ops.slice(3).map(({ op, ex }) => [op, ex?.push, ex?.mem])).toEqual([
      ['SWAP2', ['0x9', '0x8', '0x7'], null],
      ['DUP3', ['0x9', '0x8', '0x7', '0x9'], null],
      ['PUSH1', ['0x20'], null],
      ['MSTORE8', [], { data: '0x09', off: 32 }],
      ['MLOAD', [`0x9${'0'.repeat(12)}`], { data: `0x${'0'.repeat(50)}09${'0'.repeat(12)}`, off: 7 }],
      ['STOP', [], null],
    ])
  })

  test('has calls in the operations that made them, with what came back', async () => {
    const callee = hexToBytes('0x602a60005260206000f3') // returns 42
    const outer = code('20', 0x5f, 0x5f, 0x5f, 0x5f, '7070', 'ffff', 0xf1, 0x50, 0xfe)
    const { ops } = await vmTrace({ [CONTRACT]: { code: outer }, 28784: { code: callee } })
    const [call, pop, invalid] = ops.slice(7)
    expect(call).toMatchObject({ op: 'CALL', idx: '7', ex: { push: ['0x1'], mem: { off: 0 } } })
    expect(call!.ex!.mem!.data).toBe(`0x${'2a'.padStart(64, '0')}`)
    expect(call!.sub).toMatchObject({ code: '0x602a60005260206000f3' })
    expect(call!.sub!.ops.map(({ op, idx }) => `${idx} ${op}`)).toEqual([
      ...['7-0 PUSH1', '7-1 PUSH1', '7-2 MSTORE', '7-3 PUSH1', '7-4 PUSH1', '7-5 RETURN'],
    ])
    expect(call!.ex!.used).toBe(ops[6]!.ex!.used - call!.cost + call!.sub!.ops[5]!.ex!.used)
    expect(pop).toMatchObject({ op: 'POP', ex: { used: call!.ex!.used - 2 } })
    expect(invalid).toMatchObject({ op: 'INVALID', ex: null })
  })

  test('shows creations by their init code, and no call that does not begin', async () => {
    const creation = await vmTrace({}, { to: undefined, data: hexToBytes('0x5f5ffd') })
    expect(creation.code).toBe('0x5f5ffd')
    expect(creation.ops.at(-1)).toMatchObject({ op: 'REVERT', ex: { push: [], mem: null } })
    const unpaid = code(0x5f, 0x5f, 0x5f, 0x5f, '01', '9999', 'ffff', 0xf1) // CALL with 1 wei
    const { ops } = await vmTrace({ [CONTRACT]: { code: unpaid } })
    expect(ops[7]).toMatchObject({ op: 'CALL', sub: null, ex: { push: ['0x0'] } })
    const paid = await vmTrace({ [CONTRACT]: { code: unpaid, balance: 1n } })
    expect(paid.ops[7]).toMatchObject({ sub: { code: '0x', ops: [] }, ex: { push: ['0x1'] } })
  })

  test('is JSON however deep calls go', async () => {
    const itself = code(0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x30, 0x5a, 0xf1) // CALL(ADDRESS) with GAS
    const deep = await vmTrace({ [CONTRACT]: { code: itself } }, { gas: 30_000_000 })
    expect(JSON.parse(JSON.stringify(deep))).toEqual(deep)
  })
})

describe('what sends everything', () => {
  const accounts = { [CONTRACT]: { code: code('1234', 0xff), balance: 9n } }

  test('is a call of its own', async () => {
    const selfDestruct = { type: 'SELFDESTRUCT', from: address(CONTRACT), to: address(0x1234), value: '0x9' }
    const none = { gas: '0x0', gasUsed: '0x0', input: '0x' }
    expect(await trace(accounts, named('callTracer'))).toMatchObject({ calls: [{ ...selfDestruct, ...none }] })
    expect(await trace(accounts, named('callTracer', { onlyTopCall: true }))).not.toHaveProperty('calls')
    const action = { address: address(CONTRACT), balance: '0x9', refundAddress: address(0x1234) }
    expect(await trace(accounts, named('flatCallTracer'))).toMatchObject([
      { type: 'call', subtraces: 1, traceAddress: [] },
      { type: 'suicide', action, result: null, subtraces: 0, traceAddress: [0] },
    ])
  })

  test('keeps its account', async () => {
    expect(await trace(accounts, named('prestateTracer', { diffMode: true, disableCode: true }))).toEqual({
      pre: {
        [address(0x1234)]: { balance: '0x0' },
        [address(CONTRACT)]: { balance: '0x9' },
        [address(SENDER)]: { balance: '0x0' },
      },
      post: {
        [address(0x1234)]: { balance: '0x9' },
        [address(CONTRACT)]: { balance: '0x0' },
        [address(SENDER)]: { nonce: 1 },
      },
    })
  })
})

describe('lists of calls', () => {
  const precompile = ['20', 0x5f, '20', 0x5f, '02', 'ffff', 0xfa, 0x50]
  const accounts = { [CONTRACT]: { code: code(...precompile, 0xfe) } }

  test('leave out precompiles and keep plain errors unless told otherwise', async () => {
    expect(await trace(accounts, named('flatCallTracer'))).toMatchObject([
      { subtraces: 0, error: 'invalid opcode', result: null, traceAddress: [] },
    ])
    const config = { includePrecompiles: true, convertParityErrors: true }
    expect(await trace(accounts, named('flatCallTracer', config))).toMatchObject([
      { subtraces: 1, error: 'Bad instruction', result: null },
      { traceAddress: [0], action: { callType: 'staticcall', to: address(2) }, result: { gasUsed: '0x48' } },
    ])
  })
})

test('a mux runs tracers side by side, each with its own settings', async () => {
  const data = Uint8Array.of(1, 2, 3, 4, 5)
  const config = { '4byteTracer': null, noopTracer: null, callTracer: { onlyTopCall: true } }
  expect(await trace(oneStore, named('muxTracer', config), { data })).toEqual({
    '4byteTracer': { '0x01020304-1': 1 },
    noopTracer: {},
    callTracer: {
      ...{ type: 'CALL', from: address(SENDER), to: address(CONTRACT), input: '0x0102030405', value: '0x0' },
      ...{ gas: '0x186a0', gasUsed: `0x${(intrinsicGas(data, false) + 22_106).toString(16)}` },
    },
  })
})

test.each(['nonsense', 'toString', ''])('tracer %j is unknown', async (tracer) => {
  await expect(trace(oneStore, named(tracer))).rejects.toThrow(UnknownTracerError)
})

// MSTORE at 64 KiB, then calls of itself while there is gas
const CALLS_ITSELF = code('01', '010000', 0x52, '010000', 0x5f, '010000', 0x5f, 0x5f, 0x30, 0x5a, 0xf1)
// loads slot after slot
const READS_SLOTS = code(0x5b, 0x5a, 0x54, 0x50, 0x5f, 0x56)

test.each([
  [CALLS_ITSELF, { config: { enableMemory: true } }],
  [CALLS_ITSELF, named('callTracer')],
  [CALLS_ITSELF, named('flatCallTracer')],
  [READS_SLOTS, named('prestateTracer')],
])('a trace that grows too large ends: %#', async (program, spec) => {
  await expect(trace({ [CONTRACT]: { code: program } }, spec, { gas: 30_000_000 })).rejects.toThrow(TraceTooLargeError)
})
