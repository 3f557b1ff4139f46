import { readNextNonce } from '#db/pool.ts'
import type { Address } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'

/** Nonce after what waits in the pools, here and at the sequencer; never below that of the state. */
export async function readPendingNonce({ db, sequencerNode }: ApiDeps, address: Address): Promise<bigint> {
  const [inPool, next] = await Promise.all([
    sequencerNode?.ask<string>('eth_getTransactionCount', [address, 'pending']),
    readNextNonce(db, address),
  ])
  return BigInt(Math.max(Number(inPool ?? 0), next))
}
