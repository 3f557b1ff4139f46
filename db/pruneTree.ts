import { and, gte, lte, sql } from 'drizzle-orm'
import { hexToBytes } from '#common/bytes.ts'
import { INTERNAL_BYTES } from '#merkletree/walk.ts'
import { mapKey } from '#merkletree/words.ts'
import type { BlockNumber } from '#protocol/primitives.ts'
import { arrayOf } from './arrays.ts'
import type { Queryable } from './client.ts'
import { l2Blocks } from './schema.ts'
import { createDatabaseNodeStore } from './treeNodes.ts'

/** A node of an old tree, and what the kept tree has in its place. */
type Place = { hash: Uint8Array; kept: Uint8Array | undefined }

const NODES_PER_DELETE = 10_000

type Trees = { first: number; last: number; oldest: number }

/**
 * Removes the nodes of the trees after blocks `first` to `last` that are not in the tree before block `oldest`, from which
 * it is run again, and were not made again by that block or a later one. Blocks before `first` were treated so already:
 * where a node is gone, so is what was below it alone. The tree before `first` may be the one that was kept then. A hash
 * stands for one place of the tree, because that of a leaf holds the rest of its key.
 */
export async function removeTreeNodes(tx: Queryable, { first, last, oldest }: Trees): Promise<void> {
  const gone = await findUnreachable(tx, { first: first - 1, last, oldest })
  for (let start = 0; start < gone.length; start += NODES_PER_DELETE) {
    const hashes = arrayOf('bytea', gone.slice(start, start + NODES_PER_DELETE))
    await tx.execute(sql`delete from tree.nodes where hash = any(${hashes}) and block_number < ${oldest}`)
  }
}

/** Level by level through all these trees at once, beside the kept one: one round trip each. */
async function findUnreachable(tx: Queryable, { first, last, oldest }: Trees): Promise<Uint8Array[]> {
  const store = createDatabaseNodeStore(tx)
  const keptRoot = (await readRoots(tx, oldest - 1, oldest - 1))[0]!
  const seen = new Set<string>()
  const found: Uint8Array[] = []
  let places = differing(
    (await readRoots(tx, first, last)).map((hash) => ({ hash, kept: keptRoot })),
    seen,
  )
  while (places.length > 0) {
    const old = await store.getNodes(places.map(({ hash }) => hash))
    const beside = await readBeside(store, places)
    const below: Place[] = []
    for (const [index, data] of old.entries()) {
      if (data === undefined) continue
      const { hash, kept } = places[index]!
      found.push(hash)
      if (data.length !== INTERNAL_BYTES) continue
      const other = kept && beside.get(mapKey(kept))
      for (const side of [0, 32])
        below.push({
          hash: data.subarray(side, side + 32),
          kept: other?.length === INTERNAL_BYTES ? other.subarray(side, side + 32) : undefined,
        })
    }
    places = differing(below, seen)
  }
  return found
}

async function readRoots(tx: Queryable, first: number, last: number): Promise<Uint8Array[]> {
  const rows = await tx
    .select({ stateRoot: l2Blocks.stateRoot })
    .from(l2Blocks)
    .where(and(gte(l2Blocks.blockNumber, first as BlockNumber), lte(l2Blocks.blockNumber, last as BlockNumber)))
    .groupBy(l2Blocks.stateRoot)
  return rows.map(({ stateRoot }) => hexToBytes(stateRoot))
}

/** Those that are not empty, not the kept tree's and not met before. */
function differing(places: readonly Place[], seen: Set<string>): Place[] {
  return places.filter(({ hash, kept }) => {
    const key = mapKey(hash)
    if (seen.has(key) || (kept !== undefined && mapKey(kept) === key) || hash.every((byte) => byte === 0)) return false
    seen.add(key)
    return true
  })
}

async function readBeside(
  store: ReturnType<typeof createDatabaseNodeStore>,
  places: readonly Place[],
): Promise<Map<string, Uint8Array>> {
  const hashes = new Map<string, Uint8Array>()
  for (const { kept } of places) if (kept !== undefined) hashes.set(mapKey(kept), kept)
  const wanted = [...hashes.values()]
  const nodes = await store.getNodes(wanted)
  const found = new Map<string, Uint8Array>()
  for (const [index, data] of nodes.entries()) if (data !== undefined) found.set(mapKey(wanted[index]!), data)
  return found
}
