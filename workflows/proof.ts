import * as wf from '@temporalio/workflow'
import { describeProof } from './aggregatorDetails.ts'
import * as messages from './messages.ts'
import { operateProof } from './operatedProof.ts'
import { makeJoinedProof, type Neighbours, type ProofRange } from './proofJobs.ts'

/**
 * Joins the proofs of neighbouring runs of batches into one. Ends with it, or cancelled by the aggregator when it is of
 * no use any more; what fails parks.
 */
export async function proofWorkflow({ proofs }: { proofs: Neighbours }): Promise<ProofRange> {
  const range = { fromBatch: proofs[0].fromBatch, toBatch: proofs.at(-1)!.toBatch }
  const view: messages.ProofView = { ...range, status: 'proving', proofRounds: 0 }
  wf.setHandler(messages.proofState, () => view, { description: 'Where this proof stands: rounds, result, last error' })
  const prove = operateProof(`batches ${range.fromBatch} to ${range.toBatch}`, view, messages.PRIORITY.joined)
  const show = (status: messages.ProofView['status']) => {
    view.status = status
    const attention = status === 'proof-failed' ? status : null
    wf.upsertSearchAttributes([{ key: messages.SEARCH_ATTRIBUTE.attention, value: attention }])
    wf.setCurrentDetails(describeProof(view, proofs))
  }
  try {
    const proofId = await prove({
      make: (round, order) => makeJoinedProof(proofs, round, order),
      outdated: () => false,
      show: (state) => show(state === 'failed' ? 'proof-failed' : 'proving'),
    })
    view.proofId = proofId!
    show('proven')
    await wf.condition(wf.allHandlersFinished)
    return { ...range, proofId: proofId! }
  } catch (error) {
    await wf.CancellationScope.nonCancellable(async () => {
      const aggregator = wf.getExternalWorkflowHandle(messages.AGGREGATOR_WORKFLOW_ID)
      await aggregator.signal(messages.proofGivenUp, range).catch(() => {}) // it may be away
    })
    throw error
  }
}
