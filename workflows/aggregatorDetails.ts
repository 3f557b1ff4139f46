import type { AggregatorView, BatchRange, ProofView } from './messages.ts'
import type { Neighbours } from './proofJobs.ts'
import { runbookOf } from './runbooks.ts'

/** Markdown for the aggregator's page in the Temporal UI. */
export function describeAggregator({ running, verifying, parked, lastSent }: AggregatorView): string {
  const lines = [
    verifying === undefined ? 'Nothing is being verified.' : `Verifying **${name(verifying)}**.`,
    running.length === 0 ? 'No proofs are being joined.' : `Joining the proofs of ${running.map(name).join('; ')}.`,
  ]
  if (parked !== undefined) {
    const when = parked.retryAt === undefined ? 'It waits for an operator' : 'It is tried again by itself'
    lines.push(
      `The verification from batch ${parked.fromBatch} on failed, ${parked.failures} times so far:`,
      `> ${parked.error}`,
      `${when}; signal \`retryNow\` tries at once. ${runbookOf(parked.attention)}`,
    )
  }
  if (lastSent !== undefined) lines.push(`Last verification: L1 transaction \`${lastSent.l1TxHash}\`.`)
  return lines.join('\n\n')
}

/** Markdown for the page of a joined proof. */
export function describeProof(view: ProofView, proofs: Neighbours): string {
  const lines = [
    `The proof of **${name(view)}** is **${view.status}**, round ${view.proofRounds}.`,
    `Made of ${proofs.map(({ proofId }) => `\`${proofId}\``).join(', ')}.`,
  ]
  if (view.proofId !== undefined) lines.push(`Result: \`${view.proofId}\`.`)
  if (view.lastError !== undefined) lines.push(`> ${view.lastError}`)
  if (view.status === 'proof-failed')
    lines.push(
      'Mend the prover, then *More Actions → Send an Update → `retryProofNow`* with `{"note":"…"}`.',
      runbookOf('proof-failed'),
    )
  if (view.operatorNote !== undefined) lines.push(`Operator: ${view.operatorNote}`)
  return lines.join('\n\n')
}

const name = ({ fromBatch, toBatch }: BatchRange) =>
  fromBatch === toBatch ? `batch ${fromBatch}` : `batches ${fromBatch} to ${toBatch}`
