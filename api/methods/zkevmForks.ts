import { readBatchHeads } from '#db/rpc/batches.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import { resolveBatchNumber } from '../chain/blockTag.ts'
import { type ForkInterval, readForkIntervals } from '../chain/forkIntervals.ts'
import type { ApiDeps } from '../deps.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import { blockNumberParam, indexParam } from '../params.ts'
import * as schema from '../schemas.ts'

/** Upper end of the interval that still holds, as cdk-erigon gives it. */
const OPEN_END = 2n ** 64n - 1n

const forkInterval = schema.component(
  'forkInterval',
  schema.object({
    forkId: schema.quantity,
    fromBatchNumber: schema.quantity,
    toBatchNumber: schema.quantity,
    version: schema.text,
    blockNumber: schema.quantity,
  }),
)

/** Forks of the rollup. Field names: cdk-erigon. */
export const zkevmForkMethods = (deps: ApiDeps) => [
  method({
    name: 'zkevm_getForkId',
    summary: 'Fork id of the newest batch',
    cost: 1,
    params: [],
    result: schema.quantity,
    handle: async () => quantity(await deps.forkIds((await readBatchHeads(deps.db)).trusted as BatchNumber)),
  }),
  method({
    name: 'zkevm_getForkById',
    summary: 'Batch interval of one fork; null when the rollup never had it',
    cost: 2,
    params: [indexParam('forkId')],
    result: schema.nullable(forkInterval),
    handle: async ([forkId]) => {
      const interval = (await readForkIntervals(deps)).find((each) => each.forkId === forkId)
      return interval === undefined ? null : showInterval(interval)
    },
  }),
  method({
    name: 'zkevm_getForkIdByBatchNumber',
    summary: 'Fork id in force at a batch',
    cost: 2,
    params: [blockNumberParam('batchNumber')],
    result: schema.quantity,
    handle: async ([batch]) => quantity(await deps.forkIds(await resolveBatchNumber(deps, batch))),
  }),
  method({
    name: 'zkevm_getForks',
    summary: 'All fork intervals, oldest first',
    cost: 2,
    params: [],
    result: schema.listOf(forkInterval),
    handle: async () => (await readForkIntervals(deps)).map(showInterval),
  }),
]

const showInterval = ({ forkId, name, fromBatch, toBatch, l1BlockNumber }: ForkInterval) => ({
  forkId: quantity(forkId),
  fromBatchNumber: quantity(fromBatch),
  toBatchNumber: quantity(toBatch ?? OPEN_END),
  version: name,
  blockNumber: quantity(l1BlockNumber),
})
