import { describe, expect, test } from 'vitest'
import { bytesToBigInt, hexToBytes } from '#common/bytes.ts'
import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import { blockHashSlot } from '#protocol/systemContract.ts'
import { contractAddress } from '#protocol/transaction.ts'
import { address, CONTRACT, callContract, code, RETURN_TOP, SENDER } from '../testing/memoryState.ts'
import { ExecutionAbortedError, Pace } from './pace.ts'

const INTRINSIC = 21000
const OTHER = 0x1234
const SYSTEM = 0x5ca1ab1e

const word = (result: { returnData: Uint8Array }) => bytesToBigInt(result.returnData)
/** gas, to, value (unless it carries none) and empty memory ranges, then the call. */
const call = (opcode: number, to: string, value?: string, gas = 'ffffff') => [
  ...[0x5f, 0x5f, 0x5f, 0x5f, ...(value === undefined ? [] : [value]), to, gas],
  opcode,
]
const toOther = OTHER.toString(16)

describe('opcodes that differ from Ethereum', () => {
  test('a jump may land on 0x5B inside the data of a PUSH', async () => {
    // PUSH1 4, JUMP, PUSH1 0x5B: the byte 0x5B stands at offset 4.
    const program = code('04', 0x56, '5b', '2a', ...RETURN_TOP)
    expect(word(await callContract({ [CONTRACT]: { code: program } }))).toBe(0x2an)
  })

  test('a jump elsewhere ends the frame with all its gas', async () => {
    const result = await callContract({ [CONTRACT]: { code: code('05', 0x56) } })
    expect(result).toMatchObject({ success: false, error: 'invalid jump destination', gasUsed: 1_000_000 })
  })

  test.each([
    ['BASEFEE', 0x48],
    ['BLOBHASH', 0x49],
    ['TLOAD', 0x5c],
    ['MCOPY', 0x5e],
    ['INVALID', 0xfe],
  ])('%s is invalid', async (_, opcode) => {
    expect(await callContract({ [CONTRACT]: { code: code(opcode) } })).toMatchObject({
      success: false,
      error: 'invalid opcode',
    })
  })

  test('PREVRANDAO is zero, GASLIMIT that of the fork', async () => {
    expect(word(await callContract({ [CONTRACT]: { code: code(0x44, ...RETURN_TOP) } }))).toBe(0n)
    expect(word(await callContract({ [CONTRACT]: { code: code(0x45, ...RETURN_TOP) } }))).toBe(2n ** 50n)
  })

  test('BLOCKHASH reads any past block from the system contract', async () => {
    const storage = { [String(BigInt(blockHashSlot(0)))]: 0x77n }
    const accounts = { [CONTRACT]: { code: code(0x5f, 0x40, ...RETURN_TOP) }, [SYSTEM]: { storage } }
    const result = await callContract(accounts, {}, { block: { ...BLOCK, number: 100_000 } })
    expect(word(result)).toBe(0x77n)
  })

  test('EXTCODEHASH is the linear Poseidon of the code, and zero without code', async () => {
    const target = code(0x00, 0x01)
    const program = code(toOther, 0x3f, ...RETURN_TOP)
    const accounts = { [CONTRACT]: { code: program }, [OTHER]: { code: target } }
    expect(word(await callContract(accounts))).toBe(BigInt(linearPoseidon(target)))
    expect(word(await callContract({ [CONTRACT]: { code: program }, [OTHER]: { balance: 1n } }))).toBe(0n)
  })

  test('running past the end of the code stops', async () => {
    expect(await callContract({ [CONTRACT]: { code: code('01') } })).toMatchObject({ success: true, error: undefined })
  })

  test('memory ends at 0x3fffe0 bytes, whatever the gas', async () => {
    const gas = { gas: 500_000_000 }
    const inside = { [CONTRACT]: { code: code('01', '3fffc0', 0x52) } }
    const outside = { [CONTRACT]: { code: code('01', '3fffc1', 0x52) } }
    expect(await callContract(inside, gas)).toMatchObject({ success: true })
    expect(await callContract(outside, gas)).toMatchObject({ success: false, error: 'out of gas' })
  })
})

describe('SENDALL', () => {
  const program = code(toOther, 0xff)

  test('moves the balance and leaves code and nonce', async () => {
    const caller = code(...call(0xf1, CONTRACT.toString(16), '00'), toOther, 0x31, ...RETURN_TOP)
    const accounts = { 170: { code: caller }, [CONTRACT]: { code: program, balance: 9n, nonce: 1n } }
    expect(word(await callContract(accounts, { to: address(0xaa) }))).toBe(9n)
    const codeSize = code(...call(0xf1, CONTRACT.toString(16), '00'), CONTRACT.toString(16), 0x3b, ...RETURN_TOP)
    const again = { ...accounts, 170: { code: codeSize } }
    expect(word(await callContract(again, { to: address(0xaa) }))).toBe(BigInt(program.length))
  })

  test.each([
    ['nothing to send', 0n, 0n, 5000],
    ['an empty cold receiver', 9n, 0n, 5000 + 25000 + 2600],
    ['a cold receiver with balance', 9n, 1n, 5000 + 2600],
  ])('costs, with %s', async (_, balance, receiverBalance, gas) => {
    const accounts = { [CONTRACT]: { code: program, balance }, [OTHER]: { balance: receiverBalance } }
    expect((await callContract(accounts)).gasUsed).toBe(INTRINSIC + 3 + gas)
  })
})

describe('storage', () => {
  const store = (value: string, slot = '00') => [value, slot, 0x55]

  test.each([
    ['clearing costs 2100 + 2900 + 2 pushes, half of all given back at most', ['00'], 1n, 13003],
    ['setting', ['01'], 0n, 21000 + 6 + 2100 + 20000],
    ['setting and clearing again gives back 19900', ['01', '00'], 0n, 21000 + 12 + 2100 + 20000 + 100 - 19900],
    ['the same value', ['05'], 5n, 21000 + 6 + 2100 + 100],
    ['back to the original value gives back 2800', ['06', '05'], 5n, 21000 + 12 + 2100 + 2900 + 100 - 2800],
  ])('%s', async (_, values, original, gasUsed) => {
    const accounts = {
      [CONTRACT]: { code: code(...values.flatMap((value) => store(value))), storage: { '0': original } },
    }
    expect((await callContract(accounts)).gasUsed).toBe(gasUsed)
  })

  test('needs more than 2300 gas', async () => {
    const accounts = { [CONTRACT]: { code: code(...store('01')), storage: { '0': 1n } } }
    expect(await callContract(accounts, { gas: INTRINSIC + 6 + 2300 })).toMatchObject({ error: 'out of gas' })
    expect(await callContract(accounts, { gas: INTRINSIC + 6 + 2301 })).toMatchObject({ success: true })
  })

  test('a slot warmed in a reverted call is cold again', async () => {
    const reverting = code('00', 0x54, 0x5f, 0x5f, 0xfd)
    const program = code(...call(0xf4, toOther), 0x50, '00', 0x54, 0x50)
    const accounts = { [CONTRACT]: { code: program }, [OTHER]: { code: reverting } }
    const inner = 3 + 2100 + 4
    const cost = 4 * 2 + 6 + 2600 + inner + 2 + 3 + 2100 + 2
    expect((await callContract(accounts)).gasUsed).toBe(INTRINSIC + cost)
  })
})

describe('calls', () => {
  test('have no limit of depth but gas', async () => {
    // Adds one to slot 0, calls itself with all the gas it may give, returns slot 0.
    const recurse = [0x5f, 0x5f, 0x5f, 0x5f, 0x5f, 0x30, 0x5a, 0xf1, 0x50]
    const program = code('00', 0x54, '01', 0x01, '00', 0x55, ...recurse, '00', 0x54, ...RETURN_TOP)
    const result = await callContract({ [CONTRACT]: { code: program } }, { gas: 2 ** 45 })
    expect(Number(word(result))).toBeGreaterThan(1024)
  })

  test('a call with more value than there is gives its gas back', async () => {
    const program = code(...call(0xf1, toOther, '01'), ...RETURN_TOP)
    const result = await callContract({ [CONTRACT]: { code: program }, [OTHER]: { balance: 1n } })
    expect(word(result)).toBe(0n)
    expect(result.gasUsed).toBeLessThan(INTRINSIC + 2600 + 9000 + 200)
  })

  test('value in a static call ends the frame', async () => {
    const inner = code(...call(0xf1, '99', '01'))
    const program = code(...call(0xfa, toOther), ...RETURN_TOP)
    const accounts = { [CONTRACT]: { code: program }, [OTHER]: { code: inner, balance: 5n } }
    expect(word(await callContract(accounts))).toBe(0n)
  })
})

describe('creations', () => {
  const deploy = { to: undefined }

  test('store what the init code returns', async () => {
    const init = code('2a', 0x5f, 0x53, '01', 0x5f, 0xf3)
    const result = await callContract({}, { ...deploy, data: init })
    expect(result).toMatchObject({ success: true, contractAddress: contractAddress(address(SENDER), 0n) })
    expect([...result.returnData]).toEqual([0x2a])
  })

  test('refuse code that begins with 0xEF', async () => {
    const init = code('ef', 0x5f, 0x53, '01', 0x5f, 0xf3)
    expect(await callContract({}, { ...deploy, data: init })).toMatchObject({
      success: false,
      gasUsed: 1_000_000,
      error: 'invalid code: must not begin with 0xef',
    })
  })

  test('fail on an address that has a nonce or code', async () => {
    const overrides = new Map([[contractAddress(address(SENDER), 0n), { nonce: 1n }]])
    const result = await callContract({}, { ...deploy, data: code('00') }, { overrides })
    expect(result).toMatchObject({ success: false, error: 'contract address collision', gasUsed: 1_000_000 })
  })
})

describe('precompiles', () => {
  test.each([3, 5, 9])('%i is not in fork 9: the call reverts and keeps its gas', async (number) => {
    const result = await callContract({}, { to: address(number), value: 0n })
    expect(result).toMatchObject({ success: false, error: 'execution reverted', gasUsed: INTRINSIC })
  })

  test('a point that is not on the curve takes all gas', async () => {
    const data = hexToBytes(`0x${'00'.repeat(31)}01${'00'.repeat(31)}01`)
    const result = await callContract({}, { to: address(6), data })
    expect(result).toMatchObject({ success: false, error: 'precompile failed', gasUsed: 1_000_000 })
  })

  test('address zero is an ordinary account', async () => {
    expect(await callContract({}, { to: address(0) })).toMatchObject({ success: true, gasUsed: INTRINSIC })
  })
})

test('MODEXP gives its gas back when a number is longer than 1024 bytes', async () => {
  // base of 1, exponent of 0 and modulus of `size` bytes
  const ask = (size: string) =>
    code('01', 0x5f, 0x52, size, '40', 0x52, ...[0x5f, 0x5f, '60', 0x5f, '05', '0f4240', 0xfa], ...RETURN_TOP)
  const at = (size: string) => callContract({ [CONTRACT]: { code: ask(size) } }, {}, { forkId: 7 })
  const [allowed, refused] = [await at('0400'), await at('0401')]
  expect([word(allowed), word(refused)]).toEqual([1n, 0n])
  expect(refused.gasUsed).toBeLessThan(allowed.gasUsed)
})

describe('a pace', () => {
  // calls an account without code, for ever
  const calls = code(0x5b, ...call(0xfa, toOther), 0x50, 0x5f, 0x56)
  test.each([
    ['an endless loop', code(0x5b, 0x5f, 0x56)],
    ['an endless loop of short calls', calls],
  ])('lets the event loop stop %s', async (_, program) => {
    const controller = new AbortController()
    setImmediate(() => controller.abort())
    const run = callContract({ [CONTRACT]: { code: program } }, { gas: 2 ** 50 }, { pace: new Pace(controller.signal) })
    await expect(run).rejects.toThrow(ExecutionAbortedError)
  })

  test('stops a traced loop too', async () => {
    const controller = new AbortController()
    setImmediate(() => controller.abort())
    const options = { pace: new Pace(controller.signal), tracer: {} }
    const run = callContract({ [CONTRACT]: { code: calls } }, { gas: 2 ** 50 }, options)
    await expect(run).rejects.toThrow(ExecutionAbortedError)
  })
})

const BLOCK = { number: 7, timestamp: 1000, coinbase: address(0xbeef), gasLimit: 2n ** 50n, chainId: 1000 }
