import { sleep } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import type { Database } from '#db/client.ts'
import type { Progress } from '#synchronizer/catchUp.ts'
import { deliverSignals } from '#synchronizer/deliverSignals.ts'
import type { Synchronizer } from '#synchronizer/synchronizer.ts'
import { whileHeartbeating } from './heartbeat.ts'

export type SynchronizingActivities = ReturnType<typeof createSynchronizingActivities>

const RUN_MS = 60 * 60_000

type Dependencies = {
  db: Database
  client: Client
  synchronizer: Synchronizer
  /** Refuses an L1 that is not the configuration's. */
  checkNetwork: () => Promise<void>
  forkId: number
  pollIntervalMs: number
}

export const createSynchronizingActivities = (deps: Dependencies) => ({
  /** Follows L1 for an hour: applies what is new, then tells the workflows. What it knows is in the State DB. */
  async synchronize(): Promise<Progress | undefined> {
    const { db, client, synchronizer, checkNetwork, forkId, pollIntervalMs } = deps
    const end = Date.now() + RUN_MS
    // An L1 block can hold many batches: executing them takes longer than a heartbeat may stay away.
    return await whileHeartbeating(async ({ signal, onProgress }) => {
      const tell = (progress: Progress) => onProgress({ stage: 'reading L1', ...progress })
      let progress: Progress | undefined
      await checkNetwork()
      while (Date.now() < end) {
        progress = await synchronizer.poll(tell, signal)
        while ((await deliverSignals(db, client, forkId)) > 0) tell(progress)
        tell(progress)
        await sleep(pollIntervalMs) // ends at once when the activity is cancelled
      }
      return progress
    })
  },
})
