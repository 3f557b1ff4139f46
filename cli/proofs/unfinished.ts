import type { Client } from '@temporalio/client'
import * as messages from '#workflows/messages.ts'
import { findRange } from './target.ts'
import { explain, TemporalAwayError } from './temporal.ts'

/**
 * A workflow whose proof, or whose verification, is not done. `parked`: it waits for somebody. Batches of the aggregator's
 * verification: the first one, or 0 when it cannot be asked.
 */
export type Unfinished = messages.BatchRange & {
  workflowId: string
  kind: 'batch' | 'aggregated' | 'verification'
  parked: boolean
  lastError?: string
}

const { attention, status } = messages.SEARCH_ATTRIBUTE
const RUNNING = 'ExecutionStatus="Running"'
const PARKED = `${attention.name} IN ("proof-failed", "verification-failed") AND ${RUNNING}`
const PROVING = `(${status.name}="proving" OR WorkflowType="proofWorkflow") AND ${attention.name} IS NULL AND ${RUNNING}`
const ANSWER_WITHIN_MS = 3000

/** Those that wait for somebody first; at most `limit` of either. */
export async function listUnfinished(client: Client, limit: number): Promise<Unfinished[]> {
  const parked = await Promise.all(
    (await idsOf(client, PARKED, limit)).map(async (workflowId) => {
      const { range, lastError } = await readState(client, workflowId)
      return { workflowId, kind: kindOf(workflowId), parked: true, ...range, ...(lastError && { lastError }) }
    }),
  )
  const proving = (await idsOf(client, PROVING, limit)).flatMap((workflowId) => {
    const range = findRange(workflowId)
    return range === undefined ? [] : [{ workflowId, kind: kindOf(workflowId), parked: false, ...range }]
  })
  return [...parked, ...proving]
}

function kindOf(workflowId: string): Unfinished['kind'] {
  if (workflowId.startsWith('batch-')) return 'batch'
  return workflowId.startsWith('proof-') ? 'aggregated' : 'verification'
}

async function idsOf(client: Client, query: string, limit: number): Promise<string[]> {
  const ids: string[] = []
  for await (const { workflowId } of client.workflow.list({ query, pageSize: limit })) {
    ids.push(workflowId)
    if (ids.length === limit) break
  }
  return ids
}

type State = { lastError?: string; parked?: messages.ParkedVerification }

/** Without a worker that answers, a proof's batches are known by its name, and nothing of its error. */
async function readState(client: Client, workflowId: string) {
  const handle = client.workflow.getHandle(workflowId)
  let state: State = {}
  try {
    state = await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () => handle.query<State>('state'))
  } catch (error) {
    if (!(explain(error, {}) instanceof TemporalAwayError)) throw error
  }
  const { fromBatch = 0, error } = state.parked ?? {}
  return { range: findRange(workflowId) ?? { fromBatch, toBatch: fromBatch }, lastError: state.lastError ?? error }
}
