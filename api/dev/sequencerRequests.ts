import { setTimeout as sleep } from 'node:timers/promises'
import { getLastBlock } from '#db/blocks.ts'
import { type DevRequest, hasDevRequest, insertDevRequest, withdrawDevRequest } from '#db/devRequests.ts'
import type { ApiDeps } from '../deps.ts'
import { RPC_CODE, RpcError } from '../errors.ts'

const LOOK_EVERY_MS = 20
const PATIENCE_MS = 60_000

const NOT_DONE = 'the sequencer did not do it in time, and was told to leave it: see whether it runs, then ask again'

/**
 * Asks the sequencer, which is another process, and waits until it has done it and this process knows what followed.
 * Returns the id of the request. @throws {RpcError} when it does not answer: what it has not done by then is taken back
 */
export async function askSequencer(
  { db, head }: Pick<ApiDeps, 'db' | 'head'>,
  request: DevRequest,
  signal: AbortSignal | undefined,
): Promise<number> {
  const id = await db.transaction((tx) => insertDevRequest(tx, request))
  const deadline = Date.now() + PATIENCE_MS
  while (await hasDevRequest(db, id)) {
    if ((Date.now() > deadline || signal?.aborted) && (await withdrawDevRequest(db, id)))
      throw new RpcError(RPC_CODE.timedOut, NOT_DONE)
    await sleep(LOOK_EVERY_MS)
  }
  await head.reach((await getLastBlock(db)).blockNumber)
  return id
}
