import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import { type Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import type { StateReader } from './stateReader.ts'

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
}
export type StateOverrides = ReadonlyMap<Address, AccountOverride>

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
