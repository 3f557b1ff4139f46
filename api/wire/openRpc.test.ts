import jsonSchema from '@json-schema-tools/meta-schema'
import openRpcSchema from '@open-rpc/meta-schema'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { createMethodTable, method } from '../method.ts'
import { rpcMethods } from '../methods/rpc.ts'
import { addressParam, blockParam, optional } from '../params.ts'
import * as schema from '../schemas.ts'
import { createResultCheck } from '../tests/checkResult.ts'
import { describeApi } from './openRpc.ts'

const ajv = new Ajv({ strict: false, validateSchema: false, validateFormats: false })
ajv.addSchema(jsonSchema as object, 'https://meta.json-schema.tools')
const isOpenRpc = ajv.compile(openRpcSchema as object)

const balance = method({
  ...{ name: 'eth_getBalance', summary: 'Balance of an account, wei', cost: 2 },
  params: [addressParam('address'), optional(blockParam('block'))],
  result: schema.quantity,
  handle: () => '0x0',
})
const hidden = method({
  ...{ name: 'debug_hidden', summary: 'Switched off', cost: 1 },
  params: [],
  result: schema.block,
  handle: () => null,
})
const table = createMethodTable([balance, hidden, ...rpcMethods(() => table)], ['eth'])
const answerOf = (name: string) => table.get(name)!.call([], {})

test('the document of what is served is OpenRPC', () => {
  const document = answerOf('rpc.discover') as ReturnType<typeof describeApi>
  expect(isOpenRpc(document), ajv.errorsText(isOpenRpc.errors)).toBe(true)
  expect(document.methods.map(({ name }) => name)).toEqual(['eth_getBalance', 'rpc_modules', 'rpc.discover'])
  expect(document.methods[0]).toMatchObject({
    params: [
      { name: 'address', required: true, schema: { type: 'string' } },
      { name: 'block', required: false, schema: { $ref: '#/components/schemas/blockParameter' } },
    ],
    result: { name: 'result', schema: { $ref: '#/components/schemas/quantity' } },
    'x-cost': 2,
  })
  expect(isOpenRpc({ ...document, methods: [{ name: 'eth_nope' }] })).toBe(false)
})

test('it defines what its methods refer to, also through others, and nothing else', () => {
  expect(Object.keys(describeApi([balance]).components.schemas)).toEqual([
    'blockNumberOrTag',
    'blockParameter',
    'quantity',
  ])
  expect(Object.keys(describeApi([hidden]).components.schemas)).toEqual(
    expect.arrayContaining(['block', 'transaction', 'receipt', 'log']),
  )
})

test('rpc_modules names the namespaces that are switched on', () => {
  expect(answerOf('rpc_modules')).toEqual({ eth: '1.0', rpc: '1.0' })
})

test('both tell a caller with an API key what it may use', () => {
  const discover = (namespaces: string[]) =>
    table.get('rpc.discover')!.call([], { namespaces: new Set(namespaces) }) as ReturnType<typeof describeApi>
  const namesOf = ({ methods }: ReturnType<typeof describeApi>) => methods.map(({ name }) => name)
  expect(namesOf(discover(['eth', 'debug']))).toEqual(['eth_getBalance', 'rpc_modules', 'rpc.discover'])
  const restricted = discover(['net'])
  expect(namesOf(restricted)).toEqual(['rpc_modules', 'rpc.discover'])
  expect(restricted.components.schemas).toEqual({})
  expect(table.get('rpc_modules')!.call([], { namespaces: new Set(['net']) })).toEqual({ rpc: '1.0' })
})

test('a name stands for one schema', () => {
  expect(() => schema.component('block', {})).toThrow(/two schemas/)
})

test('answers are held against it', () => {
  const check = createResultCheck(describeApi([balance]))
  expect(() => check('eth_getBalance', '0x1')).not.toThrow()
  expect(() => check('eth_getBalance', '0x01')).toThrow(/eth_getBalance answered "0x01": data must match pattern/)
})
