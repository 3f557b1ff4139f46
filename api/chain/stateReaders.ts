import type { Database } from '#db/client.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import { createDatabaseStateReader, StateGoneError } from '#db/stateReader.ts'
import { createCachedStateReader } from '#executor/cachedStateReader.ts'
import type { StateReader } from '#executor/stateReader.ts'
import type { Hash } from '#protocol/primitives.ts'
import { headerNotFound } from '../errors.ts'
import { findPrunedError } from './history.ts'

/**
 * State after a block. What is read is kept for the blocks used last, so that a popular question asks no database. It
 * is kept by the hash of the block, and each reading makes sure that the block is still there: a reorg leaves nothing
 * stale behind. @throws {RpcError} -32000 header not found, from the reader, when the block is gone; 4444 when pruned
 */
export type StateReaders = (header: Pick<HeaderRow, 'blockNumber' | 'hash'>) => StateReader

/** Blocks whose state is kept in memory, the most recently used ones. */
const CACHED_BLOCKS = 8
const MAX_CODE_BYTES = 64 * 1024 * 1024

export function createStateReaders(db: Database): StateReaders {
  const readers = new Map<string, StateReader>()
  const getCodes = createCodeCache(createDatabaseStateReader(db).getCodes)

  function readerOf({ blockNumber, hash }: Pick<HeaderRow, 'blockNumber' | 'hash'>): StateReader {
    const { getAccounts, getStorage } = createDatabaseStateReader(db, blockNumber, hash)
    const tellGone = async (error: unknown): Promise<never> => {
      throw error instanceof StateGoneError ? ((await findPrunedError(db, blockNumber)) ?? headerNotFound()) : error
    }
    return createCachedStateReader({
      getAccounts: (addresses) => getAccounts(addresses).catch(tellGone),
      getStorage: (slots) => getStorage(slots).catch(tellGone),
      getCodes,
    })
  }

  return (header) => {
    const { hash } = header
    const reader = readers.get(hash) ?? readerOf(header)
    readers.delete(hash)
    readers.set(hash, reader)
    if (readers.size > CACHED_BLOCKS) readers.delete(readers.keys().next().value!)
    return reader
  }
}

/** Code is what its hash says, after whichever block. */
function createCodeCache(read: StateReader['getCodes']): StateReader['getCodes'] {
  const codes = new Map<Hash, Uint8Array>()
  let sizeBytes = 0
  return async (codeHashes) => {
    const missing = codeHashes.filter((hash) => !codes.has(hash))
    const found = missing.length === 0 ? [] : await read(missing)
    const answer = codeHashes.map((hash) => codes.get(hash) ?? found[missing.indexOf(hash)]!)
    for (const [index, hash] of missing.entries()) {
      if (codes.has(hash)) continue
      codes.set(hash, found[index]!)
      sizeBytes += found[index]!.length
    }
    if (sizeBytes > MAX_CODE_BYTES) {
      codes.clear()
      sizeBytes = 0
    }
    return answer
  }
}
