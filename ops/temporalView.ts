import { Client, Connection } from '@temporalio/client'
import { loadClientConnectConfig } from '@temporalio/envconfig'
import { remembered } from '#common/remembered.ts'
import type { Config } from '#config/schema.ts'
import { type Attention, SEARCH_ATTRIBUTE, TASK_QUEUE } from '#workflows/messages.ts'
import { RUNBOOK } from '#workflows/runbooks.ts'
import type { Finding } from './health.ts'

/** A workflow that waits for somebody, why, and the page that says what to do. */
export type Halted = { workflowId: string; reason: Attention; runbook: string }

/** What operators are told of the Temporal server and the node's workflows there. Each answer holds for seconds. */
export interface TemporalView {
  check(): Promise<Finding>
  /** Whether a sequencer asks the server for work. */
  checkSequencer(): Promise<Finding>
  listHalted(): Promise<Halted[]>
  /** Number of workflows by status. */
  countWorkflows(): Promise<Record<string, number>>
  close(): Promise<void>
}

const REMEMBERED_MS = 5000
const DEADLINE_MS = 1500
/** The usual two minutes are too long for who looks whether it is back. */
const RECONNECT_MAX_MS = 2000
/** More would tell an operator nothing more. */
const MOST_HALTED = 100
/** A poll for work lasts a minute. */
const POLL_MAX_MS = 90_000
const ACTIVITY_QUEUE = 2
/** Another check says so. */
const UNKNOWN: Finding = { ok: true, note: 'not known: Temporal does not answer' }

/** Connects when first asked, and again by itself. A question is not repeated: who asks next hears whether it is back. */
export function createTemporalView(
  { temporal: { address, namespace } }: { temporal: Pick<Config['temporal'], 'address' | 'namespace'> },
  { rememberedMs = REMEMBERED_MS } = {},
): TemporalView {
  const { connectionOptions } = loadClientConnectConfig()
  const channelArgs = { 'grpc.initial_reconnect_backoff_ms': 500, 'grpc.max_reconnect_backoff_ms': RECONNECT_MAX_MS }
  const connection = Connection.lazy({ ...connectionOptions, address, channelArgs, interceptors: [] })
  const { workflow } = new Client({ connection, namespace })
  const ask = <T>(question: () => Promise<T>) =>
    remembered(() => connection.withDeadline(Date.now() + DEADLINE_MS, question), rememberedMs)

  const readInfo = ask(() => connection.workflowService.describeNamespace({ namespace }))
  const listHalted = ask(async () => {
    const halted: Halted[] = []
    const query = `${SEARCH_ATTRIBUTE.attention.name} IS NOT NULL AND ExecutionStatus = "Running"`
    for await (const { workflowId, typedSearchAttributes } of workflow.list({ query, pageSize: MOST_HALTED })) {
      const reason = typedSearchAttributes.get(SEARCH_ATTRIBUTE.attention) as Attention
      halted.push({ workflowId, reason, runbook: RUNBOOK[reason] })
      if (halted.length === MOST_HALTED) break
    }
    return halted
  })
  const countWorkflows = ask(async () => {
    const { groups } = await workflow.count('GROUP BY ExecutionStatus')
    return Object.fromEntries(groups.map(({ count, groupValues }) => [String(groupValues[0]).toLowerCase(), count]))
  })
  const findSequencer = ask(async () => {
    const taskQueue = { name: TASK_QUEUE.sequencer }
    const request = { namespace, taskQueue, taskQueueType: ACTIVITY_QUEUE }
    const { pollers } = await connection.workflowService.describeTaskQueue(request)
    return pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000)
  })

  return {
    listHalted,
    countWorkflows,
    async check() {
      try {
        await readInfo()
        return { ok: true }
      } catch {
        return { ok: false, error: `no answer from ${address} for the namespace ${namespace}` }
      }
    },
    async checkSequencer() {
      const seenAt = await findSequencer().catch(() => undefined)
      if (seenAt === undefined) return UNKNOWN
      if (Date.now() - Math.max(0, ...seenAt) < POLL_MAX_MS) return { ok: true }
      return { ok: false, error: 'no sequencer asks Temporal for work' }
    },
    close: () => connection.close(),
  }
}

/** @param only of these reasons; of any when left out */
export const haltedCheck = (temporal: TemporalView, only?: readonly Attention[]) => async (): Promise<Finding> => {
  let halted: Halted[]
  try {
    halted = await temporal.listHalted()
  } catch {
    return UNKNOWN
  }
  const ours = halted.filter(({ reason }) => only?.includes(reason) ?? true)
  if (ours.length === 0) return { ok: true }
  const reasons = [...new Set(ours.map(({ reason }) => reason))].join(', ')
  return { ok: false, error: `workflows wait for somebody: ${reasons}`, workflows: ours }
}
