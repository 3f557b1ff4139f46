import { sql } from 'drizzle-orm'
import type { NodeStore, StoredNode } from '#merkletree/nodeStore.ts'
import { mapKey } from '#merkletree/words.ts'
import { arrayOf } from './arrays.ts'
import type { Queryable } from './client.ts'
import { treeNodes } from './schema.ts'

const NODES_PER_QUERY = 10_000

/** Tree nodes in Postgres; one query per call. */
export function createDatabaseNodeStore(db: Queryable): NodeStore {
  return {
    async getNodes(hashes) {
      const found = new Map<string, Uint8Array>()
      for (let start = 0; start < hashes.length; start += NODES_PER_QUERY) {
        const asked = arrayOf('bytea', hashes.slice(start, start + NODES_PER_QUERY))
        const rows = await db.execute<StoredNode>(sql`select hash, data from ${treeNodes} where hash = any(${asked})`)
        for (const { hash, data } of rows) found.set(mapKey(hash), data)
      }
      return hashes.map((hash) => found.get(mapKey(hash)))
    },
  }
}

/** Adds nodes; those already there are left as they are, since equal hashes mean equal nodes. */
export async function insertTreeNodes(tx: Queryable, nodes: readonly StoredNode[]): Promise<void> {
  if (nodes.length === 0) return
  const column = (bytesOf: (node: StoredNode) => Uint8Array) => arrayOf('bytea', nodes.map(bytesOf))
  const [hashes, data] = [column(({ hash }) => hash), column(({ data }) => data)]
  await tx.execute(
    sql`insert into ${treeNodes} (hash, data) select * from unnest(${hashes}, ${data}) on conflict do nothing`,
  )
}
