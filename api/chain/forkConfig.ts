import { readBatchHeads } from '#db/rpc/batches.ts'
import { findFirstTimestampFrom } from '#db/rpc/blocks.ts'
import { getForkRules } from '#protocol/forks.ts'
import type { BatchNumber } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER, SYSTEM_CONTRACT } from '#protocol/systemContract.ts'
import type { ApiDeps } from '../deps.ts'
import { quantity } from '../format.ts'
import * as schema from '../schemas.ts'
import { readForkIntervals } from './forkIntervals.ts'

const addresses = schema.mapOf(schema.address)
const forkConfig = schema.object({
  activationTime: schema.integer,
  blobSchedule: schema.object({ baseFeeUpdateFraction: schema.integer, max: schema.integer, target: schema.integer }),
  chainId: schema.quantity,
  forkId: schema.hexString('^0x[0-9a-f]{8}$'),
  precompiles: addresses,
  systemContracts: addresses,
})
export const configuration = schema.object({
  current: forkConfig,
  next: schema.nullable(forkConfig),
  last: schema.nullable(forkConfig),
})

/** Names of EIP-7910. */
const PRECOMPILE_NAMES = new Map([
  [1, 'ECREC'],
  [2, 'SHA256'],
  [4, 'ID'],
  [5, 'MODEXP'],
  [6, 'BN254_ADD'],
  [7, 'BN254_MUL'],
  [8, 'BN254_PAIRING'],
  [0x100, 'P256VERIFY'],
])

/** The fork of the newest batch. Its fork id is the rollup's, as four bytes; there are no blobs. */
export async function readForkConfig(deps: Pick<ApiDeps, 'db' | 'network' | 'forkIds' | 'chainId'>) {
  const { db, chainId } = deps
  const { trusted } = await readBatchHeads(db)
  const forkId = await deps.forkIds(trusted as BatchNumber)
  const interval = (await readForkIntervals(deps)).find((each) => each.forkId === forkId)
  const activationTime = await findFirstTimestampFrom(db, (interval?.fromBatch ?? 0) as BatchNumber)
  return {
    activationTime: activationTime ?? 0,
    blobSchedule: { baseFeeUpdateFraction: 0, max: 0, target: 0 },
    chainId: quantity(chainId),
    forkId: `0x${forkId.toString(16).padStart(8, '0')}`,
    precompiles: Object.fromEntries(
      [...getForkRules(forkId).precompiles].map((address) => [
        PRECOMPILE_NAMES.get(address) ?? `PRECOMPILE_${address}`,
        `0x${address.toString(16).padStart(40, '0')}`,
      ]),
    ),
    systemContracts: {
      ZKEVM_SYSTEM: SYSTEM_CONTRACT,
      GLOBAL_EXIT_ROOT_MANAGER_L2: L2_GLOBAL_EXIT_ROOT_MANAGER,
    },
  }
}
