import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToHex } from '#common/bytes.ts'
import { createLogger } from '#common/logger.ts'
import { rpcSchema } from '#config/rpc.ts'
import { decodeSubmission } from '#pool/admission.ts'
import { TransactionRejectedError } from '#pool/rejection.ts'
import { hostileBytes } from '#protocol/hostileBytes.fixture.ts'
import { decodeRevertReason } from '#protocol/revertReason.ts'
import { transactions } from '#protocol/transaction.fixture.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import { parseLogFilter } from '../chain/logFilter.ts'
import { RpcError } from '../errors.ts'
import { parseCallObject } from '../evm/callObject.ts'
import { parseStateOverrides } from '../evm/stateOverride.ts'
import { createMethodTable, method } from '../method.ts'
import * as params from '../params.ts'
import { createDispatcher } from '../wire/jsonRpc.ts'

const bytes = fc.uint8Array({ maxLength: 33 }).map(bytesToHex)
const scalar = fc.oneof(
  bytes,
  fc.bigInt({ min: 0n, max: 2n ** 260n }).map((value) => `0x${value.toString(16)}`),
  fc.constantFrom<unknown>(null, true, 1, -1.5, '', '0x', '0X1', 'latest', 'earliest', '0x-1', '__proto__', {}, []),
  fc.string({ maxLength: 8 }),
)
const names = [
  ...['from', 'to', 'gas', 'gasPrice', 'maxFeePerGas', 'maxPriorityFeePerGas', 'value', 'data', 'input'],
  ...['address', 'topics', 'fromBlock', 'toBlock', 'blockHash', 'blockNumber', 'requireCanonical'],
  ...['balance', 'nonce', 'code', 'state', 'stateDiff', '__proto__', 'constructor', `0x${'aa'.repeat(20)}`],
]
/** JSON of any shape that has the fields methods look for. */
const anyValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...names), bytes), tie('value'), { maxKeys: 5 }),
  ),
})).value

const parsers = {
  ...{ parseCallObject, parseLogFilter, parseStateOverrides, parseBlockParameter: params.parseBlockParameter },
  ...{ parseQuantity: params.parseQuantity, parseSafeQuantity: params.parseSafeQuantity, parseData: params.parseData },
  ...{ parseAddress: params.parseAddress, parseHash: params.parseHash, parseSlot: params.parseSlot },
  parseBlockNumberOrTag: params.parseBlockNumberOrTag,
}

test.each(Object.entries(parsers))('%s takes any value or refuses it as a parameter', (_, parse) => {
  fc.assert(
    fc.property(anyValue, (value) => {
      try {
        parse(value, 0)
      } catch (error) {
        expect(error).toBeInstanceOf(RpcError)
        expect(error).toMatchObject({ code: -32602 })
      }
    }),
    { numRuns: 300 },
  )
})

test('data as long as any request is read', () => {
  expect(params.parseData(`0x${'ab'.repeat(6_000_000)}`, 0)).toHaveLength(12_000_002)
})

test('any raw transaction is decoded or rejected', { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(hostileBytes(transactions.map(encodeRawTransaction)), (raw) => {
      try {
        decodeSubmission(raw)
      } catch (error) {
        expect(error).toBeInstanceOf(TransactionRejectedError)
      }
    }),
    { numRuns: 300 },
  )
})

test('any return data has a reason or none', () => {
  const reason = Uint8Array.from([
    0x08,
    0xc3,
    0x79,
    0xa0,
    ...new Array(31).fill(0),
    32,
    ...new Array(31).fill(0),
    2,
    65,
    66,
  ])
  expect(decodeRevertReason(reason)).toBe('AB')
  fc.assert(
    fc.property(hostileBytes(fc.constant(reason)), (data) => {
      const decoded = decodeRevertReason(data)
      expect(decoded === undefined || typeof decoded === 'string').toBe(true)
    }),
  )
})

test('any message gets a JSON-RPC answer that blames its sender', { timeout: 60_000 }, async () => {
  const echo = method({
    ...{ name: 'eth_echo', summary: 'Gives its argument back', cost: 1 },
    params: [params.quantityParam('a'), params.optional(params.blockParam('b'))],
    result: {},
    handle: ([a]) => String(a),
  })
  const dispatcher = createDispatcher({
    methods: createMethodTable([echo], ['eth']),
    limits: rpcSchema.parse({ batch: { limit: 3, maxAnswerLength: 1500 } }),
    logger: createLogger('test', 'silent'),
  })
  const request = fc.record(
    {
      jsonrpc: fc.oneof({ weight: 5, arbitrary: fc.constant('2.0') }, { weight: 1, arbitrary: anyValue }),
      id: fc.oneof(fc.nat(), anyValue),
      method: fc.oneof({ weight: 5, arbitrary: fc.constant('eth_echo') }, { weight: 1, arbitrary: anyValue }),
      params: fc.oneof(fc.array(scalar, { maxLength: 3 }), anyValue),
    },
    { requiredKeys: [] },
  )
  const messages = fc
    .oneof(request, fc.array(request, { maxLength: 4 }), anyValue)
    .map((value) => JSON.stringify(value))
  const encoder = new TextEncoder()
  const altered = hostileBytes(messages.map((text) => encoder.encode(text))).map((raw) => new TextDecoder().decode(raw))
  await fc.assert(
    fc.asyncProperty(fc.oneof(messages, altered), async (message) => {
      const { text } = await dispatcher.dispatch(message, {})
      if (text === undefined) return // a notification
      for (const one of [JSON.parse(text)].flat()) {
        expect(one.jsonrpc).toBe('2.0')
        if (one.error !== undefined) expect([-32700, -32600, -32601, -32602, -32003]).toContain(one.error.code)
      }
    }),
    { numRuns: 800 },
  )
})
