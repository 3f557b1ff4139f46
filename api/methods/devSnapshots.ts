import { setTimeout as sleep } from 'node:timers/promises'
import { getLastBlock } from '#db/blocks.ts'
import { findDevSnapshot } from '#db/devSnapshots.ts'
import type { ApiDeps } from '../deps.ts'
import { withNames } from '../dev/names.ts'
import { countParam } from '../dev/params.ts'
import { askSequencer } from '../dev/sequencerRequests.ts'
import { RPC_CODE, RpcError, serverError } from '../errors.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import * as schema from '../schemas.ts'

const HEAD_TIMEOUT_MS = 5000
const HEAD_LOOK_EVERY_MS = 10

const tooLate = (batchNumber: number) =>
  new RpcError(
    RPC_CODE.notSupported,
    `refused: batch ${batchNumber} is closed, and goes to L1, where other nodes read it: it was full, a forced batch had ` +
      'to follow, or the snapshot is older than ten minutes. Deploy anew, and take a new snapshot',
  )

/** Going back within the open batch, which no node has read from L1; a snapshot keeps it open for ten minutes. */
export const devSnapshotMethods = (deps: ApiDeps) => {
  const { db, dev } = deps
  if (dev === undefined) return []

  return [
    ...withNames(
      method({
        name: 'dev_snapshot',
        summary: 'Remembers the chain as it is, for dev_revert; keeps the batch open for ten minutes',
        cost: 10,
        params: [],
        result: schema.quantity,
        handle: async (_, { signal }) => {
          const id = await askSequencer(deps, { kind: 'snapshot' }, signal)
          if ((await findDevSnapshot(db, id)) === undefined) throw serverError('no batch is open: try again')
          return quantity(id)
        },
      }),
      ...['evm_snapshot', 'anvil_snapshot'],
    ),
    ...withNames(
      method({
        name: 'dev_revert',
        summary: 'Takes back the blocks since a snapshot, which is used up; false when it is not known',
        cost: 50,
        params: [countParam('snapshot')],
        result: schema.boolean,
        handle: async ([snapshot], { signal }) => {
          const known = await findDevSnapshot(db, snapshot)
          if (known === undefined) return false
          await askSequencer(deps, { kind: 'revert', snapshot }, signal)
          if ((await findDevSnapshot(db, snapshot)) !== undefined) throw tooLate(known.batchNumber)
          await headHasReverted(deps)
          return true
        },
      }),
      ...['evm_revert', 'anvil_revert'],
    ),
  ]
}

async function headHasReverted({ db, head }: ApiDeps): Promise<void> {
  const deadline = Date.now() + HEAD_TIMEOUT_MS
  while (head.latest.hash !== (await getLastBlock(db)).hash && Date.now() < deadline) await sleep(HEAD_LOOK_EVERY_MS)
}
