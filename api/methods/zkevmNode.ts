import { readBatchHeads } from '#db/rpc/batches.ts'
import { BEHIND_BLOCKS, readL1Progress } from '#db/rpc/l1Progress.ts'
import { readNodeVersions } from '#db/rpc/node.ts'
import type { ApiDeps } from '../deps.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import * as schema from '../schemas.ts'

/** L1 is asked for news every second or so: a reader that is silent for so long is not there, or cannot go on. */
const HALTED_AFTER_SECONDS = 300

const syncStatus = schema.component(
  'syncStatus',
  schema.object({
    ...{ role: schema.text, synced: schema.boolean, l1Head: schema.quantity, l1Processed: schema.quantity },
    ...{ trustedBatch: schema.quantity, virtualBatch: schema.quantity, verifiedBatch: schema.quantity },
    ...{ latestBlock: schema.quantity, lastBlockAgeSeconds: schema.integer },
    ...{ halted: schema.boolean, haltReason: schema.nullable(schema.text) },
  }),
)

/** About this node. */
export const zkevmNodeMethods = ({ db, head, role }: ApiDeps) => [
  method({
    name: 'zkevm_getVersionHistory',
    summary: 'Node versions this data was run with and when each began',
    cost: 2,
    params: [],
    result: schema.mapOf(schema.text),
    handle: async () =>
      Object.fromEntries(
        (await readNodeVersions(db)).map(({ version, startedAt }) => [version, startedAt.toISOString()]),
      ),
  }),
  method({
    name: 'zkevm_syncStatus',
    summary: 'One answer to: is this node well, and if not, why',
    cost: 2,
    params: [],
    result: syncStatus,
    handle: async () => {
      const [heads, l1] = await Promise.all([readBatchHeads(db), readL1Progress(db)])
      const silentSeconds = l1 === undefined ? 0 : secondsSince(l1.updatedAt.getTime() / 1000)
      const halted = silentSeconds > HALTED_AFTER_SECONDS
      return {
        role,
        synced: l1 !== undefined && l1.target - l1.position <= BEHIND_BLOCKS && !halted,
        ...{ l1Head: quantity(l1?.target ?? 0), l1Processed: quantity(l1?.position ?? 0) },
        ...{ trustedBatch: quantity(heads.trusted), virtualBatch: quantity(heads.virtual) },
        ...{ verifiedBatch: quantity(heads.verified), latestBlock: quantity(head.latest.blockNumber) },
        lastBlockAgeSeconds: secondsSince(head.latest.timestamp),
        halted,
        haltReason: halted ? `nothing was read of L1 for ${silentSeconds} s` : null,
      }
    },
  }),
]

const secondsSince = (seconds: number) => Math.max(0, Math.floor(Date.now() / 1000 - seconds))
