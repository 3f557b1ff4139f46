import { describe, expect, test } from 'vitest'
import { parseLogFilter } from './chain/logFilter.ts'
import { RpcError, serverError } from './errors.ts'
import { parseCallObject } from './evm/callObject.ts'
import {
  parseAddress,
  parseBlockParameter,
  parseData,
  parseHash,
  parseQuantity,
  parseSafeQuantity,
  parseSlot,
} from './params.ts'

const hash = `0x${'Ab'.repeat(32)}`

function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof RpcError && error.code === -32602) return error.shortMessage
    throw error
  }
  throw new Error('was accepted')
}

describe('quantities', () => {
  test.each([
    ['0x0', 0n],
    ['0x1f', 31n],
    ['0xFF', 255n],
    [`0x${'f'.repeat(64)}`, 2n ** 256n - 1n],
  ])('%s', (text, value) => {
    expect(parseQuantity(text, 0)).toBe(value)
  })
  test.each([
    ['0x', 'empty hex string'],
    ['0x01', 'hex number with leading zero digits'],
    ['0x00', 'hex number with leading zero digits'],
    ['12', 'hex string without 0x prefix'],
    ['0xg', 'invalid hex string'],
    ['0x-1', 'invalid hex string'],
    [` 0x1`, 'hex string without 0x prefix'],
    [12, 'hex string expected'],
    [{}, 'hex string expected'],
    [`0x1${'0'.repeat(64)}`, 'hex number > 256 bits'],
    [`0x1${'0'.repeat(1_000_000)}`, 'hex number > 256 bits'],
  ])('%j is refused', (value, detail) => {
    expect(refusal(() => parseQuantity(value, 3))).toBe(`invalid argument 3: ${detail}`)
  })
  test('a block number is a safe integer', () => {
    expect(refusal(() => parseSafeQuantity('0x20000000000000', 0))).toMatch(/53 bits/)
  })
})

describe('bytes', () => {
  test('are lower-cased', () => {
    expect(parseData('0xAB', 0)).toBe('0xab')
    expect(parseData('0x', 0)).toBe('0x')
    expect(parseHash(hash, 0)).toBe(hash.toLowerCase())
    expect(parseAddress('0xAbCdEf0123456789aBcDeF0123456789AbCdEf01', 0)).toBe(
      '0xabcdef0123456789abcdef0123456789abcdef01',
    )
  })
  test.each([['0x1'], ['ab'], ['0xzz'], [1], [null]])('%j is no data', (value) => {
    expect(refusal(() => parseData(value, 0))).toMatch(/^invalid argument 0: /)
  })
  test('slots may be short and odd', () => {
    expect(parseSlot('0x', 0)).toBe(0n)
    expect(parseSlot('0x0', 0)).toBe(0n)
    expect(parseSlot('0x01f', 0)).toBe(31n)
    refusal(() => parseSlot(`0x${'0'.repeat(65)}`, 0))
  })
  test('an address has 20 bytes, a hash 32', () => {
    refusal(() => parseAddress(hash, 0))
    refusal(() => parseHash('0x00', 0))
  })
})

describe('blocks', () => {
  test.each([
    ['latest', 'latest'],
    ['0x10', { blockNumber: 16 }],
    [hash, { blockHash: hash.toLowerCase() }],
    [{ blockNumber: '0x1' }, { blockNumber: 1 }],
    [{ blockNumber: 'safe' }, 'safe'],
    [{ blockHash: hash, requireCanonical: true }, { blockHash: hash.toLowerCase() }],
  ])('%j', (value, parsed) => {
    expect(parseBlockParameter(value, 0)).toEqual(parsed)
  })
  test.each([
    ['newest'],
    ['1'],
    [1],
    [{}],
    [[]],
    [{ blockHash: hash, blockNumber: '0x1' }],
    [{ blockHash: hash, requireCanonical: 1 }],
  ])('%j is refused', (value) => {
    refusal(() => parseBlockParameter(value, 1))
  })
})

describe('log filters', () => {
  test('lists mean or, null and empty lists any', () => {
    const { topics, addresses } = parseLogFilter({ topics: [null, [], hash, [hash, hash]], address: [] }, 0)
    expect(topics).toEqual([undefined, undefined, [hash.toLowerCase()], [hash.toLowerCase(), hash.toLowerCase()]])
    expect(addresses).toEqual([])
  })
  test('limits and contradictions', () => {
    refusal(() => parseLogFilter({ address: new Array(1001).fill(`0x${'00'.repeat(20)}`) }, 0))
    refusal(() => parseLogFilter({ topics: [new Array(1001).fill(hash)] }, 0))
    expect(refusal(() => parseLogFilter({ blockHash: hash, toBlock: '0x1' }, 0))).toBe(
      'cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other',
    )
  })
})

describe('calls', () => {
  test('input wins over data when equal; different ones are refused', () => {
    expect(parseCallObject({ input: '0x01', data: '0x01' }, 0).data).toEqual(Uint8Array.of(1))
    refusal(() => parseCallObject({ input: '0x01', data: '0x02' }, 0))
  })
  test('fees of EIP-1559 are read as a price', () => {
    expect(parseCallObject({ maxFeePerGas: '0x5', maxPriorityFeePerGas: '0x1' }, 0).gasPrice).toBe(5n)
    expect(() => parseCallObject({ maxFeePerGas: '0x1', maxPriorityFeePerGas: '0x2' }, 0)).toThrow(
      serverError('max priority fee per gas higher than max fee per gas'),
    )
    refusal(() => parseCallObject({ gasPrice: '0x1', maxFeePerGas: '0x2' }, 0))
  })
})
