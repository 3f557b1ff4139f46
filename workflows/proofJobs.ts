import * as wf from '@temporalio/workflow'
import type { AcceptanceActivities } from '#activities/acceptance.ts'
import type { PreparedJob, ProofJobActivities } from '#activities/proofJobs.ts'
import type { ProvingActivities } from '#activities/proving.ts'
import { failureType } from './failures.ts'
import { attesterQueue, PROVER_QUEUE, type ProofOrder } from './messages.ts'
import { ATTESTER_TIMEOUT, DATABASE, PROVE } from './retryPolicies.ts'

const node = wf.proxyActivities<ProofJobActivities & AcceptanceActivities>(DATABASE)

/** A stored proof and the batches it covers. */
export type ProofRange = { fromBatch: number; toBatch: number; proofId: string }
/** Two or more, of neighbouring runs of batches, in order. */
export type Neighbours = readonly [ProofRange, ProofRange, ...ProofRange[]]

/** Each proof is made in three steps: the node prepares its inputs, provers make it, the node compares it with its own. */
export async function makeBatchProof(batchNumber: number, round: number, order: ProofOrder): Promise<string> {
  const summary = `prove batch ${batchNumber}, round ${round}`
  const job = await node.prepareBatchProof.executeWithOptions({ summary: `inputs of batch ${batchNumber}` }, [
    { batchNumber, round },
  ])
  const parts = await prove(job, order, (prover) => prover.proveBatch.executeWithOptions({ summary }, [job]))
  await node.acceptBatchProof.executeWithOptions({ summary: `compare ${job.proofId} with the State DB` }, [
    { batchNumber, proofId: job.proofId, parts },
  ])
  return job.proofId
}

export async function makeJoinedProof(proofs: Neighbours, round: number, order: ProofOrder): Promise<string> {
  const range = { fromBatch: proofs[0].fromBatch, toBatch: proofs.at(-1)!.toBatch }
  const name = `batches ${range.fromBatch} to ${range.toBatch}`
  const summary = `join ${proofs.length} proofs of ${name}, round ${round}`
  const job = await node.prepareJoinedProof.executeWithOptions({ summary: `inputs of ${name}` }, [
    { ...range, round, proofIds: proofs.map(({ proofId }) => proofId) },
  ])
  const parts = await prove(job, order, (prover) => prover.aggregateProofs.executeWithOptions({ summary }, [job]))
  await node.acceptJoinedProof.executeWithOptions({ summary: `compare ${job.proofId} with the State DB` }, [
    { ...range, proofId: job.proofId, parts },
  ])
  return job.proofId
}

export async function makeFinalProof(whole: ProofRange, round: number, order: ProofOrder): Promise<string> {
  const { fromBatch, toBatch } = whole
  const name = `batches ${fromBatch} to ${toBatch}`
  const summary = `final proof of ${name}, round ${round}`
  const job = await node.prepareFinalProof.executeWithOptions({ summary: `inputs of ${name}` }, [{ ...whole, round }])
  const parts = await prove(job, order, (prover) => prover.finalizeProof.executeWithOptions({ summary }, [job]))
  await node.acceptFinalProof.executeWithOptions({ summary: `compare ${job.proofId} with the State DB` }, [
    { fromBatch, toBatch, proofId: job.proofId, parts },
  ])
  return job.proofId
}

type Provers = wf.ActivityInterfaceFor<ProvingActivities>
type Run = (provers: Provers) => Promise<{ partId: string }>

/** Has the job done: by one prover, or by as many attesters as L1 asks for. Gives the names of what they made. */
async function prove({ attesters }: PreparedJob, order: ProofOrder, run: Run): Promise<string[]> {
  const priority = { priorityKey: order.priority }
  if (attesters === undefined) {
    const taskQueue = PROVER_QUEUE[order.proverKind]
    return [(await run(wf.proxyActivities<ProvingActivities>({ ...PROVE, taskQueue, priority }))).partId]
  }
  return await wf.CancellationScope.cancellable(() =>
    askAttesters(attesters, (attester) => {
      const taskQueue = attesterQueue(attester)
      const options = { ...PROVE, taskQueue, priority, scheduleToStartTimeout: ATTESTER_TIMEOUT }
      return run(wf.proxyActivities<ProvingActivities>(options))
    }),
  )
}

/** As many at once as are needed; whoever does not come or fails is replaced by the next. A refusal ends it. */
async function askAttesters(
  { addresses, required }: NonNullable<PreparedJob['attesters']>,
  ask: (attester: string) => Promise<{ partId: string }>,
): Promise<string[]> {
  const waiting = [...addresses]
  const parts: string[] = []
  const lane = async () => {
    for (let attester = waiting.shift(); attester !== undefined; attester = waiting.shift()) {
      try {
        parts.push((await ask(attester)).partId)
        return
      } catch (error) {
        const isLast = waiting.length === 0
        if (wf.isCancellation(error) || isLast || failureType(error) === 'ProofRefusedError') throw error
        wf.log.warn('An attester did not do its work.', { attester, error: String(error) })
      }
    }
  }
  await Promise.all(Array.from({ length: required }, lane))
  return parts
}
