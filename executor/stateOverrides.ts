import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import type { ForkRules } from '#protocol/forks.ts'
import { type Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { findPrecompile, type PrecompileLookup } from './evm/precompiles/precompiles.ts'
import type { StateReader } from './stateReader.ts'
import type { WorldState } from './worldState.ts'

/** What a simulation pretends of an account; what is left out stays as it is. */
export type AccountOverride = {
  nonce?: bigint
  /** wei */
  balance?: bigint
  code?: Uint8Array
  /** The whole storage: every other slot is zero. Not together with `stateDiff`. */
  state?: ReadonlyMap<bigint, bigint>
  /** Single slots. */
  stateDiff?: ReadonlyMap<bigint, bigint>
  /** Where the precompile of this address is instead. */
  movePrecompileTo?: Address
}
export type StateOverrides = ReadonlyMap<Address, AccountOverride>

/** Precompiles are lost where something is overridden, but for those that are moved elsewhere. */
export function overridePrecompiles(
  overrides: StateOverrides,
  rules: ForkRules,
  before: PrecompileLookup = (address) => findPrecompile(address, rules),
): PrecompileLookup {
  const moved = new Map<Address, ReturnType<PrecompileLookup>>()
  for (const [address, { movePrecompileTo }] of overrides)
    if (movePrecompileTo !== undefined) moved.set(movePrecompileTo, before(address))
  return (address) => moved.get(address) ?? (overrides.has(address) ? undefined : before(address))
}

/** The state as `reader` has it, but for the overrides. */
export function overrideState(reader: StateReader, overrides: StateOverrides): StateReader {
  const codes = new Map<Hash, Uint8Array>()
  const hashes = new Map<Address, Hash>()
  for (const [address, { code }] of overrides) {
    if (code === undefined) continue
    const hash = code.length === 0 ? ZERO_HASH : linearPoseidon(code)
    codes.set(hash, code)
    hashes.set(address, hash)
  }
  return {
    async getAccounts(addresses) {
      const accounts = await reader.getAccounts(addresses)
      return accounts.map((account, index) => {
        const address = addresses[index]!
        const { nonce = account.nonce, balance = account.balance, code } = overrides.get(address) ?? {}
        const codeHash = hashes.get(address) ?? account.codeHash
        return { nonce, balance, codeHash, codeSize: code?.length ?? account.codeSize }
      })
    },
    async getStorage(slots) {
      const values = await reader.getStorage(slots)
      return values.map((value, index) => {
        const { address, slot } = slots[index]!
        const { state, stateDiff } = overrides.get(address) ?? {}
        return state === undefined ? (stateDiff?.get(slot) ?? value) : (state.get(slot) ?? 0n)
      })
    },
    async getCodes(codeHashes) {
      const stored = await reader.getCodes(codeHashes.filter((hash) => !codes.has(hash)))
      let next = 0
      return codeHashes.map((hash) => codes.get(hash) ?? stored[next++]!)
    },
  }
}

/** Writes overrides into a world; `wiped` gets the accounts whose other storage is zero, which its reader must tell. */
export async function writeOverrides(world: WorldState, overrides: StateOverrides, wiped: Set<Address>): Promise<void> {
  await world.prefetchAccounts(overrides.keys())
  for (const [address, { nonce, balance, code, state, stateDiff }] of overrides) {
    const account = world.account(address)
    if (nonce !== undefined) world.setNonce(account, nonce)
    if (balance !== undefined) world.setBalance(account, balance)
    if (code !== undefined) world.setCode(account, code)
    if (state !== undefined) {
      wiped.add(address)
      for (const key of account.slots.keys()) world.setStorage(world.slot(account, key), 0n)
    }
    const values = state ?? stateDiff ?? new Map()
    await world.prefetchSlots([...values.keys()].map((slot) => ({ address, slot })))
    for (const [key, value] of values) world.setStorage(world.slot(account, key), value)
  }
}
