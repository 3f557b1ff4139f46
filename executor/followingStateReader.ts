import type { Address, Hash } from '#protocol/primitives.ts'
import type { Account, SlotKey, StateReader } from './stateReader.ts'
import type { StateDiff } from './worldState.ts'

/** Accounts and storage words; a full cache starts anew. */
const MAX_ENTRIES = 400_000
const MAX_CODE_BYTES = 64 * 1024 * 1024

export interface FollowingStateReader extends StateReader {
  /** A block was executed on this state: from now on it is the state after that block. */
  add(diff: StateDiff): void
  /** Drops what there is no room for. Everything added must be known below by then. */
  trim(): void
}

/**
 * State at the end of a chain that grows: what was read below and what blocks changed since. Blocks need not be stored
 * before the next ones are executed.
 */
export function createFollowingStateReader(below: StateReader): FollowingStateReader {
  const accounts = new Map<Address, Account>()
  const slots = new Map<string, bigint>()
  const codes = new Map<Hash, Uint8Array>()
  let codeBytes = 0
  const keepCode = (hash: Hash, code: Uint8Array) => {
    if (!codes.has(hash)) codeBytes += code.length
    codes.set(hash, code)
  }

  return {
    async getAccounts(addresses) {
      const missing = addresses.filter((address) => !accounts.has(address))
      if (missing.length > 0) {
        const read = await below.getAccounts(missing)
        for (const [index, address] of missing.entries()) accounts.set(address, read[index]!)
      }
      return addresses.map((address) => accounts.get(address)!)
    },

    async getStorage(keys) {
      const missing = keys.filter((key) => !slots.has(nameOf(key)))
      if (missing.length > 0) {
        const read = await below.getStorage(missing)
        for (const [index, key] of missing.entries()) slots.set(nameOf(key), read[index]!)
      }
      return keys.map((key) => slots.get(nameOf(key))!)
    },

    async getCodes(codeHashes) {
      const missing = codeHashes.filter((hash) => !codes.has(hash))
      if (missing.length > 0) {
        const read = await below.getCodes(missing)
        for (const [index, hash] of missing.entries()) keepCode(hash, read[index]!)
      }
      return codeHashes.map((hash) => codes.get(hash)!)
    },

    add(diff) {
      for (const [address, account] of diff.accounts) accounts.set(address, account)
      for (const change of diff.storage) slots.set(nameOf(change), change.value)
      for (const [hash, code] of diff.codes) keepCode(hash, code)
    },

    trim() {
      if (accounts.size + slots.size > MAX_ENTRIES) {
        accounts.clear()
        slots.clear()
      }
      if (codeBytes > MAX_CODE_BYTES) {
        codes.clear()
        codeBytes = 0
      }
    },
  }
}

const nameOf = ({ address, slot }: SlotKey) => `${address}${slot.toString(16)}`
