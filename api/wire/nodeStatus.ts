import type { Config } from '#config/schema.ts'
import type { Database } from '#db/client.ts'
import { readBatchHeads } from '#db/rpc/batches.ts'
import { readL1Progress } from '#db/rpc/l1Progress.ts'
import { createForkIds } from '../chain/forkIds.ts'
import type { Head } from '../chain/head.ts'
import { NODE_VERSION } from './version.ts'

/** What this node is and how far it has come. */
export function createNodeStatus(db: Database, { role, network }: Config, findHead: () => Head | undefined) {
  const forkIds = createForkIds(db, network.forkId)
  return async () => {
    const latest = findHead()?.latest
    const [batches, l1] = await Promise.all([readBatchHeads(db), readL1Progress(db)])
    return {
      ...{ version: NODE_VERSION, role, network: network.name, chainId: network.chainId, verifier: network.verifier },
      forkId: latest === undefined ? network.forkId : await forkIds(latest.batchNumber),
      head:
        latest === undefined ? null : { number: latest.blockNumber, hash: latest.hash, timestamp: latest.timestamp },
      batches,
      l1: l1 === undefined ? null : { head: l1.target, processed: l1.position, updatedAt: l1.updatedAt },
    }
  }
}
