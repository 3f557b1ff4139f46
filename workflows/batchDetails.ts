import type { Attention, BatchView, L1Reference } from './messages.ts'
import { runbookOf } from './runbooks.ts'

const REMEDY: Partial<Record<Attention, string>> = {
  'proof-failed':
    'The proof failed and nothing was sent to L1. Mend the prover, then *More Actions → Send an Update → `retryProofNow`* with `{"note":"…"}`.',
  'check-failed':
    'Executing the closed batch again gave another result; it is not sequenced. Keep both results, then *Send an Update → `retryCheckNow`*.',
  'trusted-batch-replaced':
    'What was closed here as this batch is undone: see *replaced*. It goes on by itself with what L1 has, or collects anew. The mark goes when it is verified.',
}

/** Markdown for the batch's page in the Temporal UI. */
export function describeBatch(view: BatchView, forkId: number, attention?: Attention): string {
  const rows: [string, string | number | undefined][] = [
    ['fork', forkId],
    ['L2 blocks', view.blockCount],
    ['transactions', view.txCount],
    ['closed because', view.closingReason],
    ['state root', view.stateRoot],
    ['sequenced', place(view.virtual)],
    ['proof', view.proofId ?? (view.proofRounds > 0 ? `round ${view.proofRounds}` : undefined)],
    ['verified', place(view.verified)],
    ['last error', view.lastError],
    ['replaced', view.replaced],
    ['operator', view.operatorNote],
  ]
  const table = rows.filter(([, value]) => value !== undefined).map(([name, value]) => `| ${name} | ${inCell(value)} |`)
  const remedy =
    attention === undefined ? [] : ['', `> **${attention}**: ${REMEDY[attention] ?? ''} ${runbookOf(attention)}`]
  return [`Batch **${view.batchNumber}** is **${view.status}**.`, ...remedy, '', '| | |', '|---|---|', ...table].join(
    '\n',
  )
}

const place = (reference: L1Reference | undefined) =>
  reference && `L1 block ${reference.l1BlockNumber}, transaction \`${reference.l1TxHash}\``

/** Errors and notes are anybody's text: a bar or a line break would end the cell. */
const inCell = (value: string | number | undefined) =>
  String(value)
    .replaceAll('|', '\\|')
    .replaceAll(/\s*\n\s*/g, ' ')
