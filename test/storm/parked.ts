import type { Client } from '@temporalio/client'
import { retryProofNow, SEARCH_ATTRIBUTE } from '#workflows/messages.ts'

export type Parked = { workflowId: string; attention: string; reason: string }

/** What waits for an operator. */
export async function findParked(client: Client): Promise<Parked[]> {
  const parked: Parked[] = []
  for await (const { workflowId } of client.workflow.list({
    query: `${SEARCH_ATTRIBUTE.attention.name} IS NOT NULL AND ExecutionStatus = 'Running'`,
  })) {
    const handle = client.workflow.getHandle(workflowId)
    const { typedSearchAttributes } = await handle.describe()
    const attention = typedSearchAttributes.get(SEARCH_ATTRIBUTE.attention)
    if (attention === undefined) continue // it went on meanwhile
    const reason = JSON.stringify(await handle.query('state').catch(String))
    parked.push({ workflowId, attention, reason })
  }
  return parked
}

/** What an operator does about a proof that failed. */
export async function retryParked(client: Client, { workflowId, attention }: Parked): Promise<void> {
  if (attention !== 'proof-failed') return
  const handle = client.workflow.getHandle(workflowId)
  await handle.executeUpdate<string, [object]>(retryProofNow.name, { args: [{ note: 'storm' }] })
}
