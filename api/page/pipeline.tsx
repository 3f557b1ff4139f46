import type { FC } from 'hono/jsx'
import type { Database } from '#db/client.ts'
import type { Ask } from './ask.ts'
import { Age, BatchLink } from './parts.tsx'
import type { BatchStatus } from './shapes.ts'
import { abbreviated, grouped } from './text.ts'
import { type ShownBatch, type Trouble, withTrouble } from './trouble.ts'

const STEPS = ['collecting', 'sealed', 'sequencing', 'proving', 'proven', 'verifying', 'verified'] as const

/** By the states of zkevm_getBatchStatus: how far it is, and what it is called here. */
const PLACE: Readonly<Record<string, { step: number; label: string }>> = {
  open: { step: 0, label: 'collecting' },
  closed: { step: 1, label: 'sealed' },
  sequencing: { step: 2, label: 'sequencing' },
  virtual: { step: 3, label: 'sequenced' },
  proving: { step: 3, label: 'proving' },
  proved: { step: 4, label: 'proven' },
  verifying: { step: 5, label: 'verifying' },
  verified: { step: 6, label: 'verified' },
  finalized: { step: 6, label: 'finalized' },
}

/** Where pages lead that are not of this node. */
export type Elsewhere = {
  /** Of a batch's workflow in the Temporal UI. */
  workflowUrl: (workflowId: string) => string | undefined
  /** Of a transaction on L1. */
  l1TxUrl: (hash: string) => string | undefined
}

const NEWEST = 8
const OLDEST_UNVERIFIED = 3

export type Pipeline = {
  newest: ShownBatch[]
  /** Unverified ones that are older than those, oldest last. */
  oldest: ShownBatch[]
  /** How many are between the two. */
  between: number
}

/** The newest batches, and the oldest ones that wait to be verified. */
export async function readPipeline(
  ask: Ask,
  db: Database,
  heads: { trusted: number; verified: number },
): Promise<Pipeline> {
  const { trusted, verified } = heads
  const lowest = Math.max(1, trusted - NEWEST + 1)
  const waiting = Math.max(0, lowest - 1 - verified)
  const shown = Math.min(waiting, OLDEST_UNVERIFIED)
  const read = async (from: number, count: number) => {
    const numbers = Array.from({ length: Math.max(0, count) }, (_, index) => from - index)
    const found = await Promise.all(
      numbers.map((number) => ask<BatchStatus | null>('zkevm_getBatchStatus', `0x${number.toString(16)}`)),
    )
    return await Promise.all(found.filter((status) => status !== null).map((status) => withTrouble(db, status)))
  }
  const [newest, oldest] = await Promise.all([read(trusted, trusted - lowest + 1), read(verified + shown, shown)])
  return { newest, oldest, between: waiting - shown }
}

export const PipelineRows: FC<{ pipeline: Pipeline; elsewhere: Elsewhere }> = ({ pipeline, elsewhere }) => {
  const { newest, oldest, between } = pipeline
  if (newest.length === 0) return <p class="empty">The first batch has not begun.</p>
  return (
    <>
      <Steps />
      <ol class="pipeline">
        {newest.map((status) => (
          <BatchRow status={status} elsewhere={elsewhere} />
        ))}
        {between > 0 && <li class="between">{grouped(between)} more wait to be verified</li>}
        {oldest.map((status) => (
          <BatchRow status={status} elsewhere={elsewhere} />
        ))}
      </ol>
    </>
  )
}

/** Heads of the tracks; each row names its own state in text. */
const Steps: FC = () => (
  <div class="steps" aria-hidden="true">
    <ol>
      {STEPS.map((name) => (
        <li>{name}</li>
      ))}
    </ol>
  </div>
)

const BatchRow: FC<{ status: ShownBatch; elsewhere: Elsewhere }> = ({ status, elsewhere }) => {
  const { batchNumber, since, transactions, forced, workflowId, trouble, lastError } = status
  const workflowUrl = workflowId === null ? undefined : elsewhere.workflowUrl(workflowId)
  const count = Number(transactions)
  return (
    <li class="batch" data-batch={Number(batchNumber)} data-state={labelOf(status)}>
      <span class="which">
        <BatchLink number={batchNumber} />
        <small>
          {count === 1 ? '1 tx' : `${grouped(count)} txs`}
          {forced && ' · forced'}
        </small>
      </span>
      <Track status={status} />
      <StateBadge status={status} />
      <span class="since">
        <Age at={since} />
      </span>
      <span class="links">
        {workflowUrl !== undefined && <a href={workflowUrl}>workflow</a>}
        <L1Link hash={status.sendSequencesTxHash} name="sequence" elsewhere={elsewhere} batch={batchNumber} />
        <L1Link hash={status.verifyBatchTxHash} name="verification" elsewhere={elsewhere} batch={batchNumber} />
      </span>
      {trouble !== undefined && <Failure trouble={trouble} error={lastError} />}
    </li>
  )
}

const L1Link: FC<{ hash: string | null; name: string; batch: string; elsewhere: Elsewhere }> = (props) => {
  const { hash, name, batch, elsewhere } = props
  if (hash === null)
    return (
      <span class="later" title="not yet">
        {name}
      </span>
    )
  const url = elsewhere.l1TxUrl(hash) ?? `/batch/${Number(batch)}#${name}`
  return (
    <a href={url} title={`L1 ${abbreviated(hash)}`}>
      {name}
    </a>
  )
}

const Track: FC<{ status: ShownBatch }> = ({ status }) => {
  const at = stepOf(status)
  const classOf = (step: number) => {
    if (step === at) return status.state === 'failed' ? 'failed' : step === STEPS.length - 1 ? 'done' : 'now'
    return step < at ? 'done' : 'todo'
  }
  return (
    <ol class="track" aria-hidden="true">
      {STEPS.map((name, step) => (
        <li class={classOf(step)} title={name} />
      ))}
    </ol>
  )
}

export const StateBadge: FC<{ status: BatchStatus }> = ({ status }) => (
  <span class={`state ${classOfState(status)}`}>{labelOf(status)}</span>
)

const labelOf = ({ state }: BatchStatus) => PLACE[state]?.label ?? state

function stepOf({ state, trouble }: ShownBatch): number {
  return trouble === undefined ? (PLACE[state]?.step ?? 0) : STEPS.indexOf(trouble.step)
}

function classOfState({ state }: BatchStatus): string {
  if (state === 'failed') return 'bad'
  return state === 'verified' || state === 'finalized' ? 'good' : 'busy'
}

/** What is wrong with a batch, and what an operator does about it. */
export const Failure: FC<{ trouble: Trouble; error: string | null }> = ({ trouble, error }) => (
  <div class="failure">
    <p>
      <strong>{trouble.what}</strong> {error}
    </p>
    <p>
      {trouble.remedy} <code>{trouble.runbook}</code>
    </p>
  </div>
)
