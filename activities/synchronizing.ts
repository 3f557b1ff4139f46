import { sleep } from '@temporalio/activity'
import type { Client } from '@temporalio/client'
import type { Logger } from '#common/logger.ts'
import type { Database } from '#db/client.ts'
import type { Progress } from '#synchronizer/catchUp.ts'
import { deliverSignals } from '#synchronizer/deliverSignals.ts'
import type { Synchronizer } from '#synchronizer/synchronizer.ts'
import type { TrustedFollower } from '#synchronizer/trustedFollower.ts'
import { TrustedSequencerError } from '#synchronizer/trustedSequencer.ts'
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
  /** Of a node that believes the sequencer before L1. */
  trusted?: { follower: TrustedFollower; pollIntervalMs: number; logger: Logger } | undefined
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
        await followSequencer(deps, Date.now() + pollIntervalMs, signal)
      }
      return progress
    })
  },
})

/** Until it is time to read L1 again. The sequencer may be away: L1 is enough. Ends at once when cancelled. */
async function followSequencer({ trusted }: Dependencies, until: number, signal: AbortSignal): Promise<void> {
  for (;;) {
    if (trusted !== undefined && !signal.aborted) {
      const { follower, logger } = trusted
      await follower.poll(signal).catch((error: unknown) => {
        if (!(error instanceof TrustedSequencerError)) throw error
        logger.debug({ err: error }, 'the trusted sequencer is away')
      })
    }
    const restMs = until - Date.now()
    await sleep(Math.max(0, Math.min(restMs, trusted?.pollIntervalMs ?? restMs)))
    if (Date.now() >= until) return
  }
}
