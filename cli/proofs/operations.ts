import type { Client } from '@temporalio/client'
import type { NodeError } from '#common/errors.ts'
import * as messages from '#workflows/messages.ts'
import { type ProofTarget, workflowOf } from './target.ts'
import { explain } from './temporal.ts'

/** For an update: provers that are stopped may need a while. */
const ANSWER_WITHIN_MS = 30_000
/** Updates under way at once. */
const AT_ONCE = 10

/** Each returns what the workflow answers. @throws {ProofCommandError} {TemporalAwayError} */
export async function retryProof(client: Client, target: ProofTarget, request: messages.RetryRequest): Promise<string> {
  if (target !== 'final') return await update(client, workflowOf(target), messages.retryProofNow.name, request)
  const { proverKind, note } = request
  if (proverKind !== undefined) await moveProof(client, target, { proverKind })
  return (await retryVerification(client, note)).answer
}

export const cancelProof = (client: Client, target: ProofTarget, request: { note?: string }) =>
  update(client, workflowOf(target), messages.cancelProof.name, request)

export const moveProof = (client: Client, target: ProofTarget, order: Partial<messages.ProofOrder>) =>
  update(client, workflowOf(target), messages.moveProof.name, order)

/** What came of one of many. */
export type Retried = { workflowId: string; isRetried: boolean; answer: string }

/** Retries every proof that is parked, and the verification that failed. */
export async function retryAllFailed(client: Client, request: messages.RetryRequest): Promise<Retried[]> {
  const parked = await idsOf(client, 'proof-failed')
  const retried: Retried[] = []
  for (let start = 0; start < parked.length; start += AT_ONCE)
    retried.push(
      ...(await Promise.all(parked.slice(start, start + AT_ONCE).map((id) => retryOne(client, id, request)))),
    )
  const stopped = await idsOf(client, 'verification-failed')
  if (stopped.includes(messages.AGGREGATOR_WORKFLOW_ID)) retried.push(await retryVerification(client, request.note))
  return retried
}

async function retryOne(client: Client, workflowId: string, request: messages.RetryRequest): Promise<Retried> {
  try {
    const answer = await update(client, workflowId, messages.retryProofNow.name, request)
    return { workflowId, isRetried: true, answer }
  } catch (error) {
    return { workflowId, isRetried: false, answer: (error as NodeError).message }
  }
}

async function retryVerification(client: Client, note: string | undefined): Promise<Retried> {
  const workflowId = messages.AGGREGATOR_WORKFLOW_ID
  await client.workflow.getHandle(workflowId).signal(messages.retryNow, note)
  return { workflowId, isRetried: true, answer: 'The verification is tried again now.' }
}

async function idsOf(client: Client, attention: messages.Attention): Promise<string[]> {
  const ids: string[] = []
  const query = `${messages.SEARCH_ATTRIBUTE.attention.name}="${attention}" AND ExecutionStatus="Running"`
  for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId)
  return ids
}

async function update(client: Client, workflowId: string, name: string, request: object): Promise<string> {
  try {
    return await client.withDeadline(Date.now() + ANSWER_WITHIN_MS, () =>
      client.workflow.getHandle(workflowId).executeUpdate<string, [object]>(name, { args: [request] }),
    )
  } catch (error) {
    throw explain(error, { workflow: workflowId })
  }
}
