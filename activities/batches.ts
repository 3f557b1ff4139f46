import type { VerifierKind } from '#config/schema.ts'
import { findBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { reopenLostTransactions } from '#db/l1Transactions.ts'
import { findBatchOnL1, findVerifiableRun, type VerificationRun } from '#db/verification.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import type { L1Reference } from '#workflows/messages.ts'
import { mayGrow } from './growth.ts'

export type BatchActivities = ReturnType<typeof createBatchActivities>

type Options = {
  db: Database
  verifier: VerifierKind
  aggregator: { verifyIntervalMs: number; maxBatches: number }
  sequencer: { batchMaxMs: number }
}

/** How many proofs a job joins. Provers of zero knowledge join two, and each result is worth keeping. */
const PROOFS_PER_JOB: Record<VerifierKind, number> = { attestation: 16, fflonk: 2, mock: 2 }

type VerificationPlan = VerificationRun & { full: boolean; waitMs: number; proofsPerJob?: number }

/** Short reads of the State DB for workflows. */
export const createBatchActivities = ({ db, verifier, aggregator, sequencer }: Options) => ({
  /** What the database knows of a batch, for a workflow whose signal got lost. */
  async readBatch({
    batchNumber,
  }: {
    batchNumber: number
  }): Promise<{ closed: boolean; virtual?: L1Reference; verified?: L1Reference }> {
    const batch = await findBatch(db, BatchNumber(batchNumber))
    return { closed: batch?.closedAt != null, ...(await findBatchOnL1(db, BatchNumber(batchNumber))) }
  },

  /** The next run to verify, or null. `full`: waiting `waitMs` for more would not make it longer. */
  async planVerification(): Promise<VerificationPlan | null> {
    await reopenLostTransactions(db)
    const run = await findVerifiableRun(db, aggregator.maxBatches)
    if (run === undefined) return null
    const { maxBatches, verifyIntervalMs } = aggregator
    const wait = { waitMs: verifyIntervalMs, batchMaxMs: sequencer.batchMaxMs }
    const full = run.proofs.length >= maxBatches || !(await mayGrow(db, BatchNumber(run.toBatch), wait))
    return { ...run, full, waitMs: verifyIntervalMs, proofsPerJob: PROOFS_PER_JOB[verifier] }
  },
})
