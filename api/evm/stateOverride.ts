import { hexToBytes } from '#common/bytes.ts'
import type { AccountOverride, StateOverrides } from '#executor/stateOverrides.ts'
import type { Address } from '#protocol/primitives.ts'
import { invalidArgument, simulationError } from '../errors.ts'
import { customParam, parseAddress, parseData, parseObject, parseQuantity, parseSlot } from '../params.ts'

const MAX_ACCOUNTS = 1000
const HIGHEST_PRECOMPILE = 9n

export const stateOverrideParam = customParam('stateOverrides', { type: 'object' }, parseStateOverrides)

/** What a call pretends of accounts: balance, nonce, code, state or stateDiff by address. Source: geth, StateOverride. */
export function parseStateOverrides(value: unknown, index: number): StateOverrides {
  const entries = Object.entries(parseObject(value, index))
  if (entries.length > MAX_ACCOUNTS) throw invalidArgument(index, `more than ${MAX_ACCOUNTS} accounts`)
  const overrides = new Map<Address, AccountOverride>()
  for (const [address, override] of entries)
    overrides.set(parseAddress(address, index), parseAccountOverride(parseObject(override, index), address, index))
  checkMoves(overrides, index)
  return overrides
}

function checkMoves(overrides: StateOverrides, index: number): void {
  const targets = new Set<Address>()
  for (const [address, { movePrecompileTo: target }] of overrides) {
    if (target === undefined) continue
    if (target === address) throw simulationError('a precompile cannot be moved to itself', address)
    if (targets.has(target)) throw simulationError('two precompiles are moved to the same address', target)
    if (BigInt(address) === 0n || BigInt(address) > HIGHEST_PRECOMPILE)
      throw invalidArgument(index, `account ${address} is not a precompile`)
    if (overrides.has(target)) throw invalidArgument(index, `account ${target} is already overridden`)
    targets.add(target)
  }
}

function parseAccountOverride(fields: Record<string, unknown>, address: string, index: number): AccountOverride {
  const isGiven = (field: unknown) => field !== undefined && field !== null
  const { balance, nonce, code, state, stateDiff, movePrecompileToAddress } = fields
  if (isGiven(state) && isGiven(stateDiff))
    throw invalidArgument(index, `account ${address} has both 'state' and 'stateDiff'`)
  return {
    ...(isGiven(balance) ? { balance: parseQuantity(balance, index) } : {}),
    ...(isGiven(nonce) ? { nonce: parseQuantity(nonce, index) } : {}),
    ...(isGiven(code) ? { code: hexToBytes(parseData(code, index)) } : {}),
    ...(isGiven(state) ? { state: parseSlots(state, index) } : {}),
    ...(isGiven(movePrecompileToAddress) ? { movePrecompileTo: parseAddress(movePrecompileToAddress, index) } : {}),
    ...(isGiven(stateDiff) ? { stateDiff: parseSlots(stateDiff, index) } : {}),
  }
}

function parseSlots(value: unknown, index: number): ReadonlyMap<bigint, bigint> {
  return new Map(
    Object.entries(parseObject(value, index)).map(([slot, word]) => [parseSlot(slot, index), parseSlot(word, index)]),
  )
}
