import type { Client } from '@temporalio/client'
import type { Config, VerifierKind } from '#config/schema.ts'
import { readAggregation } from '#db/aggregation.ts'
import type { Database } from '#db/client.ts'
import { reopenLostTransactions } from '#db/l1Transactions.ts'
import { type Address, BatchNumber } from '#protocol/primitives.ts'
import { ProofFormatError } from '#prover/errors.ts'
import { ObjectNotFoundError, type ObjectStore } from '#prover/objectStore.ts'
import { decodeFinalProof } from '#prover/proofCodec.ts'
import { getProofText } from '#prover/proofTexts.ts'
import { type BatchRange, joinedProofWorkflowId, type RunningJoin } from '#workflows/messages.ts'
import type { Neighbours, ProofRange } from '#workflows/proofJobs.ts'
import { type AcceptedProof, planAggregation } from './aggregationPlan.ts'
import { mayGrow } from './growth.ts'

export type AggregationActivities = ReturnType<typeof createAggregationActivities>

type Options = {
  db: Database
  objects: ObjectStore
  client: Pick<Client, 'workflow'>
  /** Account that sends verifications. */
  sender: Address
  verifier: VerifierKind
  aggregator: Pick<Config['aggregator'], 'verifyIntervalMs' | 'maxBatches'>
  sequencer: Pick<Config['sequencer'], 'batchMaxMs'>
}
type Plan = {
  /** The last batch that is verified, or whose verification is mined. */
  verified: number
  joins: Neighbours[]
  /** What could be verified. `full`: waiting `waitMs` for more would not make it longer. */
  run: (BatchRange & { full: boolean; waitMs: number }) | null
  target: number | null
  /** One proof of the run as far as it is to be verified. */
  whole: ProofRange | null
  /** The final proof of just that, when it was made before, for the account that sends it. */
  finalProofId?: string
  /** Of those that were said to be under way: joins that are over. */
  ended: BatchRange[]
  /** Joins of what is verified already, or of proofs whose inputs L1 has forgotten. */
  useless: BatchRange[]
}

/**
 * Provers of zero knowledge join two proofs, as many pairs as there are. Attestations are joined in milliseconds: a job
 * takes what is there, and few jobs at once let more come together.
 */
const JOINING: Record<VerifierKind, { proofsPerJob: number; maxJoins: number }> = {
  attestation: { proofsPerJob: 16, maxJoins: 2 },
  fflonk: { proofsPerJob: 2, maxJoins: 1000 },
  mock: { proofsPerJob: 2, maxJoins: 1000 },
}
/** Joins reach no further ahead than so many verifications. */
const VERIFICATIONS_AHEAD = 10

/** What there is to join and to verify, by the State DB. */
export const createAggregationActivities = ({
  db,
  objects,
  client,
  sender,
  verifier,
  aggregator,
  sequencer,
}: Options) => ({
  /** `isReconciling`: also ask whether the joins that are under way still run. */
  async planAggregation({
    running,
    target,
    isReconciling,
  }: {
    running: RunningJoin[]
    target?: number | undefined
    isReconciling: boolean
  }): Promise<Plan> {
    await reopenLostTransactions(db)
    const { maxBatches, verifyIntervalMs } = aggregator
    const known = await readAggregation(db, VERIFICATIONS_AHEAD * maxBatches)
    const { verified, sent } = known
    const accepted = new Set(known.proofs.map(({ proofId }) => proofId))
    const isUseless = ({ fromBatch, proofIds }: RunningJoin) =>
      fromBatch <= verified || proofIds.some((proofId) => !accepted.has(proofId))
    const isMade = (range: BatchRange) =>
      known.proofs.some(({ fromBatch, toBatch }) => fromBatch === range.fromBatch && toBatch === range.toBatch)
    const useless = running.filter(isUseless)
    const ended = running.filter((range) => !isUseless(range) && isMade(range))
    const stillRunning = running.filter((range) => !useless.includes(range) && !ended.includes(range))
    if (isReconciling)
      for (const range of [...stillRunning]) {
        if (await isRunning(client, range)) continue
        ended.push(range)
        stillRunning.splice(stillRunning.indexOf(range), 1)
      }
    // What was sent is verified as it was, or not at all: another transaction over its batches would be one too many.
    const sentNext =
      sent !== undefined && sent.fromBatch <= verified + 1 && known.sequenceEnds.has(sent.toBatch) ? sent : undefined
    const isSentLater = sent !== undefined && sent.fromBatch > verified + 1
    const plan = planAggregation(
      {
        ...{ verified, sequenceEnds: known.sequenceEnds, running: stillRunning },
        proofs: isSentLater ? known.proofs.filter(({ toBatch }) => toBatch < sent.fromBatch) : known.proofs,
        target: sentNext?.toBatch ?? target,
      },
      { ...JOINING[verifier], maxBatches: Math.max(maxBatches, (sentNext?.toBatch ?? 0) - verified) },
    )
    const { run, whole } = plan
    const wait = { waitMs: verifyIntervalMs, batchMaxMs: sequencer.batchMaxMs }
    const isFull = async ({ fromBatch, toBatch }: BatchRange) =>
      sentNext !== undefined ||
      toBatch - fromBatch + 1 >= maxBatches ||
      !(await mayGrow(db, BatchNumber(toBatch), wait))
    const final = whole && known.finals.find(({ toBatch }) => toBatch === whole.toBatch)
    const isUsable = final !== undefined && (await isForSender(objects, final.proofId, sender))
    return {
      verified,
      joins: plan.joins.map((join) => join.map(referenceOf) as unknown as Neighbours),
      run: run === undefined ? null : { ...run, full: await isFull(run), waitMs: verifyIntervalMs },
      target: plan.target ?? null,
      whole: whole === undefined ? null : referenceOf(whole),
      ...(isUsable && { finalProofId: final.proofId }),
      ended,
      useless,
    }
  },
})

/** A final proof names the account that sends it to L1; with another key it is of no use, nor without its text. */
async function isForSender(objects: ObjectStore, proofId: string, sender: Address): Promise<boolean> {
  try {
    return decodeFinalProof(await getProofText(objects, proofId)).aggregator === sender
  } catch (error) {
    if (error instanceof ObjectNotFoundError || error instanceof ProofFormatError) return false
    throw error
  }
}

const referenceOf = ({ fromBatch, toBatch, proofId }: AcceptedProof): ProofRange => ({ fromBatch, toBatch, proofId })

async function isRunning(client: Pick<Client, 'workflow'>, range: BatchRange): Promise<boolean> {
  try {
    return (await client.workflow.getHandle(joinedProofWorkflowId(range)).describe()).status.name === 'RUNNING'
  } catch {
    return false // forgotten
  }
}
