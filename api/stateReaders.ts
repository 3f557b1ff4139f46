import type { Database } from '#db/client.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import { createDatabaseStateReader } from '#db/stateReader.ts'
import { createCachedStateReader } from '#executor/cachedStateReader.ts'
import type { StateReader } from '#executor/stateReader.ts'

/** State after a block. What is read is kept for the blocks used last, so that a popular question asks no database. */
export type StateReaders = (header: Pick<HeaderRow, 'blockNumber' | 'hash'>) => StateReader

/** Blocks whose state is kept in memory, the most recently used ones. */
const CACHED_BLOCKS = 8

export function createStateReaders(db: Database): StateReaders {
  const readers = new Map<string, StateReader>()
  return ({ blockNumber, hash }) => {
    const reader = readers.get(hash) ?? createCachedStateReader(createDatabaseStateReader(db, blockNumber))
    readers.delete(hash)
    readers.set(hash, reader)
    if (readers.size > CACHED_BLOCKS) readers.delete(readers.keys().next().value!)
    return reader
  }
}
