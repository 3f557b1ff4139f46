import { cancellationSignal, heartbeat, sleep } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import type { Database } from '#db/client.ts'
import { deliverSignals } from '#synchronizer/deliverSignals.ts'
import type { Progress, Synchronizer } from '#synchronizer/synchronizer.ts'

export type SynchronizingActivities = ReturnType<typeof createSynchronizingActivities>

const RUN_MS = 60 * 60_000

type Dependencies = { db: Database; client: Client; synchronizer: Synchronizer; forkId: number; pollIntervalMs: number }

export const createSynchronizingActivities = (deps: Dependencies) => ({
  /** Follows L1 for an hour: applies what is new, then tells the workflows. What it knows is in the State DB. */
  async synchronize(): Promise<Progress | undefined> {
    const { db, client, synchronizer, forkId, pollIntervalMs } = deps
    const signal = cancellationSignal()
    const end = Date.now() + RUN_MS
    let progress: Progress | undefined
    while (Date.now() < end) {
      progress = await synchronizer.poll(heartbeat, signal)
      while ((await deliverSignals(db, client, forkId)) > 0) heartbeat(progress)
      heartbeat(progress)
      await sleep(pollIntervalMs) // ends at once when the activity is cancelled
    }
    return progress
  },
})
