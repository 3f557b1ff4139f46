import type { Address, Hash } from '#protocol/primitives.ts'
import type { Account, StateReader } from './stateReader.ts'

/** Entries of each kind; a full cache starts anew. */
const MAX_ENTRIES = 20_000
const MAX_CODE_BYTES = 16 * 1024 * 1024

/** Keeps what was read: the state after a block does not change. */
export function createCachedStateReader(reader: StateReader): StateReader {
  const accounts = new Map<Address, Account>()
  const slots = new Map<string, bigint>()
  const codes = new Map<Hash, Uint8Array>()
  let codeBytes = 0

  return {
    getAccounts: (addresses) =>
      readThrough(
        accounts,
        addresses,
        (address) => address,
        (missing) => reader.getAccounts(missing),
      ),
    getStorage: (keys) =>
      readThrough(
        slots,
        keys,
        ({ address, slot }) => `${address}${slot.toString(16)}`,
        (missing) => reader.getStorage(missing),
      ),
    async getCodes(codeHashes) {
      const found = await readThrough(
        codes,
        codeHashes,
        (hash) => hash,
        async (missing) => {
          const read = await reader.getCodes(missing)
          for (const code of read) codeBytes += code.length
          return read
        },
      )
      if (codeBytes > MAX_CODE_BYTES) {
        codes.clear()
        codeBytes = 0
      }
      return found
    },
  }
}

/** Answers in the order asked for; one read for all that is missing. */
async function readThrough<Item, Key, Value>(
  cache: Map<Key, Value>,
  items: readonly Item[],
  keyOf: (item: Item) => Key,
  read: (missing: readonly Item[]) => Promise<Value[]>,
): Promise<Value[]> {
  const missing = items.filter((item) => !cache.has(keyOf(item)))
  if (missing.length === 0) return items.map((item) => cache.get(keyOf(item))!)
  const found = new Map(
    items.filter((item) => cache.has(keyOf(item))).map((item) => [keyOf(item), cache.get(keyOf(item))!]),
  )
  const values = await read(missing)
  for (const [index, item] of missing.entries()) found.set(keyOf(item), values[index]!)
  if (cache.size + missing.length > MAX_ENTRIES) cache.clear()
  for (const [key, value] of found) cache.set(key, value)
  return items.map((item) => found.get(keyOf(item))!)
}
