import { setTimeout } from 'node:timers/promises'
import { eq, sql } from 'drizzle-orm'
import { NodeError } from '#common/errors.ts'
import type { Database } from './client.ts'
import { provers } from './proofSchema.ts'

const [ASKED, DONE] = ['zknode_prover_release', 'zknode_prover_released']

/** No prover with this id was ever connected. */
export class ProverUnknownError extends NodeError {
  override readonly name = 'ProverUnknownError'
}
/** Nobody ended the time for which the prover is put aside. */
export class ProverReleaseError extends NodeError {
  override readonly name = 'ProverReleaseError'
}

/**
 * Has the process that put this remote prover aside trust it again, and waits until that is done.
 * @throws {ProverUnknownError} {ProverReleaseError}
 */
export async function requestRelease(db: Database, proverId: string, waitMs = 5000): Promise<void> {
  const [prover] = await db.select({ kind: provers.kind }).from(provers).where(eq(provers.proverId, proverId))
  if (prover === undefined)
    throw new ProverUnknownError('There is no such prover: `zknode proofs provers` lists their ids.', {
      facts: { proverId },
    })
  if (prover.kind === 'embedded')
    throw new ProverReleaseError('An embedded prover is never put aside: there is nothing to end.', {
      facts: { proverId },
    })
  const over = new AbortController()
  const { unlisten } = await db.$client.listen(DONE, (released) => {
    if (released === proverId) over.abort()
  })
  try {
    await db.execute(sql`select pg_notify(${ASKED}, ${proverId})`)
    await setTimeout(waitMs, undefined, { signal: over.signal }).catch(() => {})
  } finally {
    await unlisten()
  }
  if (over.signal.aborted) return
  throw new ProverReleaseError(
    'No aggregator process knows this prover: see that one runs and the prover dialled in.',
    {
      facts: { proverId },
    },
  )
}

/** `release` tells whether it knows the prover. Returns a function that ends it. */
export async function answerReleases(
  db: Database,
  release: (proverId: string) => boolean,
  onError: (error: unknown) => void,
): Promise<() => Promise<void>> {
  const { unlisten } = await db.$client.listen(ASKED, (proverId) => {
    if (release(proverId)) db.execute(sql`select pg_notify(${DONE}, ${proverId})`).catch(onError)
  })
  return unlisten
}
