/** JSON Schema of a parameter or a result, as the OpenRPC document shows it. */
export type Schema = Readonly<Record<string, unknown>>

const components = new Map<string, Schema>()

/** A named building block: schemas refer to it, and the OpenRPC document defines what it refers to once. */
export function component(name: string, schema: Schema): Schema {
  if (components.has(name)) throw new TypeError(`two schemas are named ${name}`)
  components.set(name, schema)
  return { $ref: `#/components/schemas/${name}` }
}

/** All named schemas that these refer to, also through others. */
export function collectComponents(schemas: readonly Schema[]): Record<string, Schema> {
  const found = new Map<string, Schema>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const name = '$ref' in value && String(value.$ref).split('/').at(-1)
    const schema = name ? components.get(name) : undefined
    if (name && schema !== undefined && !found.has(name)) {
      found.set(name, schema)
      visit(schema)
    }
    for (const each of Object.values(value)) visit(each)
  }
  visit(schemas)
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)))
}

type Fields = Readonly<Record<string, Schema>>

/** An object of these fields and no others. */
export const object = (required: Fields, optional: Fields = {}): Schema => ({
  type: 'object',
  properties: { ...required, ...optional },
  required: Object.keys(required),
  additionalProperties: false,
})
/** An object used as a map; `keys` is the pattern of its names. */
export const mapOf = (values: Schema, keys?: string): Schema => ({
  type: 'object',
  additionalProperties: values,
  ...(keys === undefined ? {} : { propertyNames: { pattern: keys } }),
})
export const listOf = (items: Schema): Schema => ({ type: 'array', items })
export const either = (...schemas: readonly Schema[]): Schema => ({ anyOf: schemas })
export const nullable = (schema: Schema): Schema => either(schema, { type: 'null' })
export const constant = (value: unknown): Schema => ({ const: value })
export const hexString = (pattern: string): Schema => ({ type: 'string', pattern })

export const boolean: Schema = { type: 'boolean' }
export const text: Schema = { type: 'string' }
export const number: Schema = { type: 'number' }
export const integer: Schema = { type: 'integer', minimum: 0 }

export const quantity = component('quantity', hexString('^0x(0|[1-9a-f][0-9a-f]*)$'))
export const hash = component('hash', hexString('^0x[0-9a-f]{64}$'))
export const word = component('word', hexString('^0x[0-9a-f]{64}$'))
export const address = component('address', hexString('^0x[0-9a-f]{40}$'))
export const bytes = component('bytes', hexString('^0x([0-9a-f]{2})*$'))
export const bloom = component('bloom', hexString('^0x[0-9a-f]{512}$'))
/** Of a filter or a subscription. */
export const id = component('id', hexString('^0x[1-9a-f][0-9a-f]{0,31}$'))

export const log = component(
  'log',
  object({
    address,
    topics: { ...listOf(hash), maxItems: 4 },
    data: bytes,
    blockNumber: quantity,
    blockHash: hash,
    blockTimestamp: quantity,
    transactionHash: hash,
    transactionIndex: quantity,
    logIndex: quantity,
    removed: boolean,
  }),
)

export const receipt = component(
  'receipt',
  object(
    {
      type: quantity,
      status: quantity,
      transactionHash: hash,
      transactionIndex: quantity,
      blockHash: hash,
      blockNumber: quantity,
      from: address,
      to: nullable(address),
      contractAddress: nullable(address),
      cumulativeGasUsed: quantity,
      gasUsed: quantity,
      effectiveGasPrice: quantity,
      logs: listOf(log),
      logsBloom: bloom,
    },
    { root: hash, transactionL2Hash: hash },
  ),
)

/** Block fields are null while it waits. `l2Hash` and `receipt` are the rollup's, for those who ask. */
export const transaction = component(
  'transaction',
  object(
    {
      hash,
      type: quantity,
      nonce: quantity,
      gasPrice: quantity,
      gas: quantity,
      to: nullable(address),
      value: quantity,
      input: bytes,
      v: quantity,
      r: quantity,
      s: quantity,
      from: address,
      blockHash: nullable(hash),
      blockNumber: nullable(quantity),
      transactionIndex: nullable(quantity),
    },
    { chainId: quantity, blockTimestamp: quantity, l2Hash: hash, receipt },
  ),
)

/** miner, hash, nonce and totalDifficulty are null in the pending block only. */
const headerFields = {
  number: quantity,
  hash: nullable(hash),
  parentHash: hash,
  sha3Uncles: hash,
  miner: nullable(address),
  stateRoot: hash,
  transactionsRoot: hash,
  receiptsRoot: hash,
  logsBloom: bloom,
  difficulty: quantity,
  gasLimit: quantity,
  gasUsed: quantity,
  timestamp: quantity,
  extraData: bytes,
  mixHash: hash,
  nonce: nullable(hexString('^0x[0-9a-f]{16}$')),
}
export const header = component('header', object(headerFields))

/** A block with these fields beside its own. `globalExitRoot` and `blockInfoRoot` are the rollup's, for those who ask. */
export const blockWith = (more: Fields): Schema =>
  object(
    {
      ...headerFields,
      totalDifficulty: nullable(quantity),
      size: quantity,
      transactions: either(listOf(hash), listOf(transaction)),
      uncles: { type: 'array', maxItems: 0 },
      ...more,
    },
    { globalExitRoot: hash, blockInfoRoot: hash },
  )
export const block = component('block', blockWith({}))
