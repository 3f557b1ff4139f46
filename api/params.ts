import type { Address, BlockNumber, Hash, Hex } from '#protocol/primitives.ts'
import { invalidArgument, invalidParams } from './errors.ts'
import { boolean, component, either, hexString, listOf, quantity, type Schema, text } from './schemas.ts'

/** One positional parameter of a method. `parse` gets the value, which is never undefined or null, and its position. */
export type Param<T> = {
  name: string
  required: boolean
  schema: Schema
  parse: (value: unknown, index: number) => T
}

const param = <T>(name: string, schema: Schema, parse: Param<T>['parse']): Param<T> => ({
  name,
  required: true,
  schema,
  parse,
})

/** May be left out or null. */
export const optional = <T>(of: Param<T>): Param<T | undefined> => ({ ...of, required: false })

export const BLOCK_TAGS = ['earliest', 'finalized', 'safe', 'latest', 'pending'] as const
export type BlockTag = (typeof BLOCK_TAGS)[number]
/** A block as callers name it. */
export type BlockParameter = BlockTag | { blockNumber: BlockNumber } | { blockHash: Hash }

const QUANTITY = /^0x(0|[1-9a-f][0-9a-f]*)$/i
/** Digits one by one: a group that repeats overflows the stack of the matcher on some megabytes. */
const DATA = /^0x[0-9a-f]*$/i
const HASH = /^0x[0-9a-f]{64}$/i
const ADDRESS = /^0x[0-9a-f]{40}$/i
const SLOT = /^0x[0-9a-f]{0,64}$/i
const UINT256_DIGITS = 64

/** Unsigned integer below 2^256: 0x, no leading zero. */
export function parseQuantity(value: unknown, index: number): bigint {
  if (typeof value !== 'string') throw invalidArgument(index, 'hex string expected')
  if (!value.startsWith('0x')) throw invalidArgument(index, 'hex string without 0x prefix')
  if (value.length === 2) throw invalidArgument(index, 'empty hex string')
  if (!QUANTITY.test(value))
    throw invalidArgument(
      index,
      /^0x0+[0-9a-f]/i.test(value) ? 'hex number with leading zero digits' : 'invalid hex string',
    )
  if (value.length - 2 > UINT256_DIGITS) throw invalidArgument(index, 'hex number > 256 bits')
  return BigInt(value)
}

/** As a quantity, and a safe integer: numbers of blocks and batches, indices. */
export function parseSafeQuantity(value: unknown, index: number): number {
  const number = Number(parseQuantity(value, index))
  if (!Number.isSafeInteger(number)) throw invalidArgument(index, 'hex number > 53 bits')
  return number
}

/** Whole bytes, lower-cased. */
export function parseData(value: unknown, index: number): Hex {
  if (typeof value !== 'string') throw invalidArgument(index, 'hex string expected')
  if (!value.startsWith('0x') && !value.startsWith('0X')) throw invalidArgument(index, 'hex string without 0x prefix')
  if (value.length % 2 !== 0) throw invalidArgument(index, 'hex string of odd length')
  if (!DATA.test(value)) throw invalidArgument(index, 'invalid hex string')
  return value.toLowerCase() as Hex
}

export function parseAddress(value: unknown, index: number): Address {
  if (typeof value !== 'string' || !ADDRESS.test(value))
    throw invalidArgument(index, 'hex string of 20 bytes expected for an address')
  return value.toLowerCase() as Address
}

export function parseHash(value: unknown, index: number): Hash {
  if (typeof value !== 'string' || !HASH.test(value))
    throw invalidArgument(index, 'hex string of 32 bytes expected for a hash')
  return value.toLowerCase() as Hash
}

/** A storage slot: up to 32 bytes, short and odd forms too. */
export function parseSlot(value: unknown, index: number): bigint {
  if (typeof value !== 'string' || !SLOT.test(value))
    throw invalidArgument(index, 'hex string of at most 32 bytes expected for a storage slot')
  return value.length === 2 ? 0n : BigInt(value)
}

export function parseBoolean(value: unknown, index: number): boolean {
  if (typeof value !== 'boolean') throw invalidArgument(index, 'boolean expected')
  return value
}

export function parseObject(value: unknown, index: number): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw invalidArgument(index, 'object expected')
  return value as Record<string, unknown>
}

export function parseList(value: unknown, index: number): unknown[] {
  if (!Array.isArray(value)) throw invalidArgument(index, 'list expected')
  return value
}

export const isBlockTag = (value: unknown): value is BlockTag => BLOCK_TAGS.includes(value as BlockTag)

/** Number or tag. */
export function parseBlockNumberOrTag(value: unknown, index: number): Exclude<BlockParameter, { blockHash: Hash }> {
  if (isBlockTag(value)) return value
  if (typeof value === 'string' && !value.startsWith('0x')) throw invalidArgument(index, 'unknown block tag')
  return { blockNumber: parseSafeQuantity(value, index) as BlockNumber }
}

/** Number, tag, 32-byte hash, {blockNumber}, {blockHash, requireCanonical}. Source: EIP-1898. */
export function parseBlockParameter(value: unknown, index: number): BlockParameter {
  if (typeof value === 'string' && value.length === 66) return { blockHash: parseHash(value, index) }
  if (typeof value !== 'object') return parseBlockNumberOrTag(value, index)
  const { blockHash, blockNumber, requireCanonical } = parseObject(value, index)
  if (blockHash !== undefined && blockNumber !== undefined)
    throw invalidArgument(index, 'cannot specify both BlockHash and BlockNumber, choose one or the other')
  if (requireCanonical !== undefined) parseBoolean(requireCanonical, index)
  if (blockHash !== undefined) return { blockHash: parseHash(blockHash, index) }
  if (blockNumber !== undefined) return parseBlockNumberOrTag(blockNumber, index)
  throw invalidArgument(index, 'blockHash or blockNumber expected')
}

/** What is read has any case, what is answered is lower case. */
const HASH_SCHEMA = hexString('^0x[0-9a-fA-F]{64}$')
const ADDRESS_SCHEMA = hexString('^0x[0-9a-fA-F]{40}$')
const NUMBER_OR_TAG_SCHEMA = component('blockNumberOrTag', either(quantity, { enum: BLOCK_TAGS }))
const BLOCK_SCHEMA = component('blockParameter', either(NUMBER_OR_TAG_SCHEMA, HASH_SCHEMA, { type: 'object' }))

export const quantityParam = (name: string) => param(name, quantity, parseQuantity)
export const indexParam = (name: string) => param(name, quantity, parseSafeQuantity)
export const dataParam = (name: string) => param(name, hexString('^0x([0-9a-fA-F]{2})*$'), parseData)
export const addressParam = (name: string) => param(name, ADDRESS_SCHEMA, parseAddress)
export const hashParam = (name: string) => param(name, HASH_SCHEMA, parseHash)
export const slotParam = (name: string) => param(name, hexString('^0x[0-9a-fA-F]{0,64}$'), parseSlot)
export const slotsParam = (name: string) =>
  param(name, listOf(hexString('^0x[0-9a-fA-F]{0,64}$')), (value, index) =>
    parseList(value, index).map((slot) => parseSlot(slot, index)),
  )
export const booleanParam = (name: string) => param(name, boolean, parseBoolean)
export const stringParam = (name: string) =>
  param(name, text, (value, index) => {
    if (typeof value !== 'string') throw invalidArgument(index, 'string expected')
    return value
  })
export const objectParam = (name: string) => param(name, { type: 'object' }, parseObject)
export const blockNumberParam = (name: string) => param(name, NUMBER_OR_TAG_SCHEMA, parseBlockNumberOrTag)
export const blockParam = (name: string) => param(name, BLOCK_SCHEMA, parseBlockParameter)
export const customParam = param

/**
 * Values of a request's params by position. A list may be shorter than the declaration, an object has the names.
 * @throws {RpcError} -32602 for what is missing, too much or wrong
 */
export function readParams(declared: readonly Param<unknown>[], given: unknown): unknown[] {
  const values = given === undefined || given === null ? [] : toList(declared, given)
  if (values.length > declared.length) throw invalidParams(`too many arguments, want at most ${declared.length}`)
  return declared.map(({ required, parse }, index) => {
    const value = values[index]
    if (value !== undefined && value !== null) return parse(value, index)
    if (required) throw invalidParams(`missing value for required argument ${index}`)
    return undefined
  })
}

function toList(declared: readonly Param<unknown>[], given: unknown): unknown[] {
  if (Array.isArray(given)) return given
  if (typeof given !== 'object') throw invalidParams('params must be a list or an object')
  const named = given as Record<string, unknown>
  for (const name of Object.keys(named))
    if (!declared.some((each) => each.name === name)) throw invalidParams(`unknown parameter ${name.slice(0, 64)}`)
  return declared.map(({ name }) => (Object.hasOwn(named, name) ? named[name] : undefined))
}
