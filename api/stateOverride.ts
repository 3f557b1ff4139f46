import { hexToBytes } from '#common/bytes.ts'
import type { AccountOverride, StateOverrides } from '#executor/stateOverrides.ts'
import type { Address } from '#protocol/primitives.ts'
import { invalidArgument } from './errors.ts'
import { customParam, parseAddress, parseData, parseObject, parseQuantity, parseSlot } from './params.ts'

const MAX_ACCOUNTS = 1000

export const stateOverrideParam = customParam('stateOverrides', { type: 'object' }, parseStateOverrides)

/** What a call pretends of accounts: balance, nonce, code, state or stateDiff by address. Source: geth, StateOverride. */
export function parseStateOverrides(value: unknown, index: number): StateOverrides {
  const entries = Object.entries(parseObject(value, index))
  if (entries.length > MAX_ACCOUNTS) throw invalidArgument(index, `more than ${MAX_ACCOUNTS} accounts`)
  const overrides = new Map<Address, AccountOverride>()
  for (const [address, override] of entries)
    overrides.set(parseAddress(address, index), parseAccountOverride(parseObject(override, index), address, index))
  return overrides
}

function parseAccountOverride(fields: Record<string, unknown>, address: string, index: number): AccountOverride {
  const isGiven = (field: unknown) => field !== undefined && field !== null
  const { balance, nonce, code, state, stateDiff } = fields
  if (isGiven(state) && isGiven(stateDiff))
    throw invalidArgument(index, `account ${address} has both 'state' and 'stateDiff'`)
  return {
    ...(isGiven(balance) ? { balance: parseQuantity(balance, index) } : {}),
    ...(isGiven(nonce) ? { nonce: parseQuantity(nonce, index) } : {}),
    ...(isGiven(code) ? { code: hexToBytes(parseData(code, index)) } : {}),
    ...(isGiven(state) ? { state: parseSlots(state, index) } : {}),
    ...(isGiven(stateDiff) ? { stateDiff: parseSlots(stateDiff, index) } : {}),
  }
}

function parseSlots(value: unknown, index: number): ReadonlyMap<bigint, bigint> {
  return new Map(
    Object.entries(parseObject(value, index)).map(([slot, word]) => [parseSlot(slot, index), parseSlot(word, index)]),
  )
}
