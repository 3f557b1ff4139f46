import type { AttemptRow } from '#db/attempts.ts'
import type { BatchTransaction } from '#db/batchTransactions.ts'
import { nameRange } from '../proofs/target.ts'
import { formatAge, formatBytes, formatTable, oneLine } from '../textTable.ts'
import type { BatchDetails } from './details.ts'

export function describeBatch(batch: BatchDetails, now: Date): string[] {
  return [
    ...describeHead(batch),
    ...section('Stages', describeStages(batch, now)),
    ...section('Counters', describeCounters(batch)),
    ...section('L1 transactions', describeTransactions(batch.transactions, now)),
    ...section(
      'Proofs',
      batch.proofs === null ? ['  The proof store does not answer.'] : describeProofs(batch.proofs, now),
    ),
    ...section('Workflow', describeWorkflow(batch)),
  ]
}

const section = (heading: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : ['', `${heading}:`, ...lines.map((line) => `  ${line}`)]

function describeHead(batch: BatchDetails): string[] {
  const { batchNumber, state, kind, forkId, blocks, txCount, dataBytes, forcedBatchNumber } = batch
  const range = blocks === null ? 'no L2 blocks' : `L2 blocks ${blocks.first} to ${blocks.last}`
  const data = dataBytes === null ? '' : `, ${formatBytes(dataBytes)} of data`
  const facts: [name: string, value: string | null][] = [
    ['closed because', batch.closingReason],
    ['invalid because', batch.invalidReason],
    ['forced batch', forcedBatchNumber === null ? null : `${forcedBatchNumber}`],
    ['coinbase', batch.coinbase],
    ['state root', batch.stateRoot],
    ['local exit root', batch.localExitRoot],
    ['global exit root', batch.globalExitRoot],
    ['acc input hash', batch.onL1.virtual === undefined ? null : batch.accInputHash],
  ]
  const known = facts.flatMap(([name, value]) => (value === null ? [] : [[`  ${name}`, value]]))
  return [
    `Batch ${batchNumber} is ${state}: ${kind}, fork ${forkId}, ${range}, ${txCount} transactions${data}`,
    ...formatTable(known),
  ]
}

function describeStages({ stages, onL1 }: BatchDetails, now: Date): string[] {
  const placeOf = (stage: string) => {
    const step = stage === 'virtual' ? onL1.virtual : stage === 'verified' ? onL1.verified : undefined
    return step === undefined ? '' : `L1 block ${step.l1BlockNumber}, ${step.l1TxHash}`
  }
  return formatTable(
    stages.map(({ stage, at }) => [
      ...[stage, at, `${formatAge((now.getTime() - Date.parse(at)) / 1000)} ago`, placeOf(stage)],
    ]),
  )
}

const describeCounters = ({ counters }: BatchDetails): string[] =>
  formatTable(
    Object.entries(counters).map(([name, { used, limit }]) => [
      ...[name, `${used}`, limit === null ? '' : `${((100 * used) / limit).toFixed(1)} % of ${limit}`],
    ]),
  )

const ago = (date: Date, now: Date) => `${formatAge((now.getTime() - date.getTime()) / 1000)} ago`

function describeTransactions(transactions: readonly BatchTransaction[], now: Date): string[] {
  if (transactions.length === 0) return []
  const rows = transactions.map(({ id, status, nonce, hash, attempts, l1BlockNumber, updatedAt, error }) => [
    ...[id, status, `${nonce}`, `${attempts}`, l1BlockNumber === null ? '-' : `${l1BlockNumber}`],
    ...[ago(updatedAt, now), hash ?? '-', oneLine(error ?? '')],
  ])
  return formatTable([['JOB', 'STATUS', 'NONCE', 'SIGNED', 'L1 BLOCK', 'CHANGED', 'HASH', 'ERROR'], ...rows])
}

function describeProofs(attempts: readonly AttemptRow[], now: Date): string[] {
  if (attempts.length === 0) return []
  const rows = attempts.map((row) => [
    ...[row.jobId, row.kind, nameRange(row), `${row.attempt}`, row.proverName ?? '-'],
    ...[row.outcome ?? (row.proverId === null ? 'waiting' : 'proving'), ago(row.endedAt ?? row.startedAt, now)],
    oneLine(row.error ?? ''),
  ])
  return formatTable([['JOB', 'KIND', 'BATCHES', 'TRY', 'PROVER', 'STATE', 'SINCE', 'ERROR'], ...rows])
}

function describeWorkflow({ workflow }: BatchDetails): string[] {
  if (workflow === null) return []
  const { workflowId, url, status, view } = workflow
  const rows = [
    [workflowId, `${status}${view === null ? '; no worker answers' : `, ${view.status}`}`],
    ...(url === null ? [] : [['page', url]]),
    ...(view?.lastError === undefined ? [] : [['last error', oneLine(view.lastError)]]),
    ...(view?.operatorNote === undefined ? [] : [['note', oneLine(view.operatorNote)]]),
    ...(view?.replaced === undefined ? [] : [['replaced because', oneLine(view.replaced)]]),
  ]
  return formatTable(rows)
}
