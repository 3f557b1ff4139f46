import { inArray, sql } from 'drizzle-orm'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import type { NodeStore, StoredNode } from '#merkletree/nodeStore.ts'
import type { Hash } from '#protocol/primitives.ts'
import { byteaArray } from './arrays.ts'
import type { Queryable } from './client.ts'
import { insertMany } from './insertMany.ts'
import { treeNodes } from './schema.ts'

/** Tree nodes in Postgres; one query per call. */
export function createDatabaseNodeStore(db: Queryable): NodeStore {
  return {
    async getNodes(hashes) {
      if (hashes.length === 0) return []
      const keys = hashes.map((hash) => bytesToHex(hash) as Hash)
      const found = new Map<string, Uint8Array>()
      for (let start = 0; start < keys.length; start += 10_000) {
        const rows = await db
          .select({ hash: treeNodes.hash, data: treeNodes.data })
          .from(treeNodes)
          .where(anyOf(keys.slice(start, start + 10_000)))
        for (const row of rows) found.set(row.hash, row.data)
      }
      return keys.map((key) => found.get(key))
    },
  }
}

/** Adds nodes; those already there are left as they are, since equal hashes mean equal nodes. */
export async function insertTreeNodes(tx: Queryable, nodes: readonly StoredNode[]): Promise<void> {
  const rows = nodes.map(({ hash, data }) => ({ hash: bytesToHex(hash) as Hash, data }))
  await insertMany(tx, treeNodes, rows, sql`on conflict do nothing`)
}

function anyOf(keys: Hash[]) {
  if (keys.length <= 4) return inArray(treeNodes.hash, keys)
  return sql`${treeNodes.hash} = any(${byteaArray(keys.map(hexToBytes))})`
}
