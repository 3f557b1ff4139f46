import type { Config } from '#config/schema.ts'
import { findLastBlock } from '#db/blocks.ts'
import type { Database } from '#db/client.ts'
import { findForkId } from '#db/forkUpgrades.ts'
import { readBatchHeads } from '#db/rpc/batches.ts'
import { readL1Progress } from '#db/rpc/l1Progress.ts'

/** How far the node has come, as its State DB tells. */
export const nodeStatus =
  (db: Database, { network }: Pick<Config, 'network'>) =>
  async () => {
    const [latest, batches, l1] = await Promise.all([findLastBlock(db), readBatchHeads(db), readL1Progress(db)])
    return {
      forkId: latest === undefined ? network.forkId : await findForkId(db, latest.batchNumber, network.forkId),
      head:
        latest === undefined ? null : { number: latest.blockNumber, hash: latest.hash, timestamp: latest.timestamp },
      batches,
      l1: l1 === undefined ? null : { head: l1.target, processed: l1.position, updatedAt: l1.updatedAt },
    }
  }
