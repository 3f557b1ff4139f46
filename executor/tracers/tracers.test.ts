import { describe, expect, test } from 'vitest'
import { intrinsicGas } from '#protocol/intrinsicGas.ts'
import type { SimulatedCall } from '../simulate.ts'
import { simulateOn } from '../simulate.ts'
import { address, CONTRACT, code, type MemoryAccount, memoryState, SENDER } from '../testing/memoryState.ts'
import { WorldState } from '../worldState.ts'
import { createRecorder, type TracerSpec, UnknownTracerError } from './createRecorder.ts'
import { TraceBudget, TraceTooLargeError } from './recorder.ts'

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
