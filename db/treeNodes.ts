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

/** Nodes by the block that made them; blocks ascend. */
export type NodesOfBlock = { blockNumber: number; newNodes: readonly StoredNode[] }

/**
 * Adds nodes. Equal hashes mean equal nodes: of those already there only the block that made them changes, so that
 * pruning sees that they are of use again.
 */
export async function insertTreeNodes(tx: Queryable, blocks: readonly NodesOfBlock[]): Promise<void> {
  const nodes = blocks.length > 1 ? newestOfEach(blocks) : blocks.flatMap(withBlock)
  if (nodes.length === 0) return
  const hashes = arrayOf(
    'bytea',
    nodes.map(({ hash }) => hash),
  )
  const data = arrayOf(
    'bytea',
    nodes.map((node) => node.data),
  )
  const numbers = arrayOf(
    'bigint',
    nodes.map(({ blockNumber }) => blockNumber),
  )
  await tx.execute(sql`
    insert into ${treeNodes} as known (hash, data, block_number) select * from unnest(${hashes}, ${data}, ${numbers})
    on conflict (hash) do update set block_number = excluded.block_number
    where known.block_number < excluded.block_number`)
}

type MadeNode = StoredNode & { blockNumber: number }

const withBlock = ({ blockNumber, newNodes }: NodesOfBlock): MadeNode[] =>
  newNodes.map(({ hash, data }) => ({ hash, data, blockNumber }))

function newestOfEach(blocks: readonly NodesOfBlock[]): MadeNode[] {
  const nodes = new Map<string, MadeNode>()
  for (const node of blocks.flatMap(withBlock)) nodes.set(mapKey(node.hash), node)
  return [...nodes.values()]
}
