import { expect, test } from 'vitest'
import { createLogger } from '#common/logger.ts'
import { rpcSchema } from '#config/rpc.ts'
import { createMethodTable, method } from '../method.ts'
import { addressParam, blockParam, booleanParam, indexParam, optional, quantityParam } from '../params.ts'
import { text } from '../schemas.ts'
import { SerializedJson } from '../serializedJson.ts'
import { createDispatcher } from './jsonRpc.ts'

let ran: unknown[] = []
const methods = createMethodTable(
  [
    method({
      name: 'eth_echo',
      summary: 'Gives its arguments back',
      cost: 1,
      params: [quantityParam('a'), optional(booleanParam('b'))],
      result: {},
      handle: ([a, b]) => {
        ran.push(a)
        return { a: String(a), b: b ?? null }
      },
    }),
    method({
      ...{ name: 'eth_text', summary: 'JSON', cost: 1, params: [], result: {} },
      handle: () => new SerializedJson({ a: [1] }),
    }),
    method({
      name: 'eth_big',
      summary: 'A long text',
      cost: 1,
      params: [],
      result: text,
      handle: () => 'x'.repeat(1000),
    }),
    method({
      name: 'eth_fail',
      summary: 'Throws',
      cost: 1,
      params: [],
      result: {},
      handle: () => {
        throw new Error('secret of the database')
      },
    }),
    method({ name: 'debug_hidden', summary: 'Switched off', cost: 1, params: [], result: {}, handle: () => 1 }),
  ],
  ['eth'],
)
const observed: [string, string][] = []
const dispatcher = createDispatcher({
  methods,
  limits: rpcSchema.parse({ batch: { limit: 3, maxAnswerLength: 1500 }, maxAnswerLength: 1200 }),
  logger: createLogger('test', 'fatal'),
  observer: {
    started: () => {},
    answered: ({ method, outcome }) => observed.push([method, outcome]),
  },
})

async function send(message: unknown): Promise<unknown> {
  ran = []
  const { text } = await dispatcher.dispatch(typeof message === 'string' ? message : JSON.stringify(message), {})
  return text === undefined ? undefined : JSON.parse(text)
}
const echo = (id: unknown, ...params: unknown[]) => ({ jsonrpc: '2.0', id, method: 'eth_echo', params })
const errorOf = (code: number, message: string, id: unknown = null) => ({
  jsonrpc: '2.0',
  id,
  error: { code, message },
})

test.each([[1], ['one'], [null], [1.5], ['']])('id %j comes back as it was', async (id) => {
  expect(await send(echo(id, '0x1'))).toEqual({ jsonrpc: '2.0', id, result: { a: '1', b: null } })
})

test.each([['{'], [''], ['{"a":1}}'], ['\u0000']])('%j is a parse error', async (message) => {
  expect(await send(message)).toEqual(errorOf(-32700, 'parse error'))
})

test.each([
  ['5'],
  ['"text"'],
  ['null'],
  ['true'],
  ['{}'],
  ['{"jsonrpc":"2.0"}'],
  ['{"jsonrpc":"1.0","method":"eth_echo","id":null}'],
  ['{"jsonrpc":"2.0","method":7,"id":null}'],
  ['{"jsonrpc":"2.0","method":"eth_echo","id":{}}'],
  ['{"jsonrpc":"2.0","method":"eth_echo","id":null,"params":"0x1"}'],
])('%s is an invalid request', async (message) => {
  expect(await send(message)).toMatchObject({ id: null, error: { code: -32600 } })
  expect(ran).toEqual([])
})

test('deep nesting is refused and harmless', async () => {
  const deep = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)
  expect(await send(`{"jsonrpc":"2.0","id":1,"method":"eth_echo","params":[${deep(1_000_000)}]}`)).toMatchObject({
    error: { code: -32600 },
  })
  expect(await send(deep(65))).toMatchObject({
    error: { code: -32600, message: expect.stringContaining('nested too deep') },
  })
})

test('a very long string is refused', async () => {
  expect(await send(echo(1, 'x'.repeat(4 * 1024 * 1024 + 1)))).toMatchObject({ error: { code: -32600 } })
})

test.each(['eth_nope', 'debug_hidden', 'ETH_ECHO', '__proto__', 'toString'])('%s is not there', async (name) => {
  expect(await send({ jsonrpc: '2.0', id: 1, method: name })).toEqual(
    errorOf(-32601, `the method ${name} does not exist/is not available`, 1),
  )
  expect(observed.at(-1)).toEqual(['unknown', '-32601'])
})

test('params are counted and named', async () => {
  expect(await send(echo(1))).toEqual(errorOf(-32602, 'missing value for required argument 0', 1))
  expect(await send(echo(1, null))).toEqual(errorOf(-32602, 'missing value for required argument 0', 1))
  expect(await send(echo(1, '0x1', true, 1))).toEqual(errorOf(-32602, 'too many arguments, want at most 2', 1))
  expect(await send({ jsonrpc: '2.0', id: 1, method: 'eth_echo', params: { b: true, a: '0x2' } })).toMatchObject({
    result: { a: '2', b: true },
  })
  expect(await send({ jsonrpc: '2.0', id: 1, method: 'eth_echo', params: { c: 1 } })).toMatchObject({
    error: { code: -32602 },
  })
})

test('a notification runs and gets no answer, not even an error', async () => {
  const { id: _, ...notification } = echo(1, '0x7')
  expect(await send(notification)).toBeUndefined()
  expect(ran).toEqual([7n])
  expect(await send([notification, { ...notification, params: [] }])).toBeUndefined()
})

test('batches: order, limits, strange members, notifications', async () => {
  expect(await send([echo(2, '0x1'), 5, echo('a', '0x2')])).toMatchObject([
    { id: 2, result: { a: '1' } },
    { id: null, error: { code: -32600 } },
    { id: 'a', result: { a: '2' } },
  ])
  expect(await send([])).toEqual(errorOf(-32600, 'empty batch'))
  expect(await send([1, 2, 3, 4])).toEqual(errorOf(-32600, 'batch too large'))
  const { id: _, ...notification } = echo(1, '0x7')
  expect(await send([notification, echo(3, '0x1')])).toMatchObject([{ id: 3 }])
})

test('only the members that are over the cap of the answer fail', async () => {
  const big = (id: number) => ({ jsonrpc: '2.0', id, method: 'eth_big' })
  expect(await send([big(1), big(2)])).toMatchObject([
    { id: 1, result: expect.stringContaining('xxx') },
    { id: 2, error: { code: -32003, message: 'response too large' } },
  ])
})

test('a result that is JSON already is sent as it is', async () => {
  expect(await send({ jsonrpc: '2.0', id: 1, method: 'eth_text' })).toEqual({
    jsonrpc: '2.0',
    id: 1,
    result: { a: [1] },
  })
})

test('nothing of an unexpected error leaves the process', async () => {
  const answer = await send({ jsonrpc: '2.0', id: 1, method: 'eth_fail' })
  expect(answer).toEqual({
    jsonrpc: '2.0',
    id: 1,
    error: { code: -32603, message: 'internal error', data: { requestId: expect.any(String) } },
  })
})

test('a name stands for one method', () => {
  const twice = method({
    name: 'eth_a',
    summary: '',
    cost: 1,
    params: [addressParam('a'), blockParam('b'), indexParam('c')],
    result: {},
    handle: () => 1,
  })
  expect(() => createMethodTable([twice, twice], ['eth'])).toThrow(/two methods/)
})
