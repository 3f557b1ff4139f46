import type { Client } from '@temporalio/client'
import { batchWorkflowId, l1Verified, l1Virtualized } from '#workflows/messages.ts'

/** What only the batch's workflow knows: when it was told of L1, and when its proof was taken. Milliseconds since 1970. */
export type HistoryMoments = { virtual?: number; proofAccepted?: number; verified?: number }

export async function readHistoryMoments(client: Client, batchNumber: number): Promise<HistoryMoments> {
  const { events } = await client.workflow.getHandle(batchWorkflowId(batchNumber)).fetchHistory()
  const moments: HistoryMoments = {}
  const activities = new Map<string, string>()
  for (const event of events ?? []) {
    const at = Number(event.eventTime?.seconds ?? 0) * 1000 + Math.floor((event.eventTime?.nanos ?? 0) / 1e6)
    const scheduled = event.activityTaskScheduledEventAttributes
    if (scheduled) activities.set(String(event.eventId), scheduled.activityType?.name ?? '')
    const done = event.activityTaskCompletedEventAttributes
    if (done && activities.get(String(done.scheduledEventId)) === 'acceptBatchProof') moments.proofAccepted = at
    const signal = event.workflowExecutionSignaledEventAttributes?.signalName
    if (signal === l1Virtualized.name) moments.virtual = at
    if (signal === l1Verified.name) moments.verified = at
  }
  return moments
}
