import { Context } from '@temporalio/activity'

const HEARTBEAT_EVERY_MS = 2000

/** Handed to long work: when to stop, and where to say how far it is. */
export type ActivityControl = { signal: AbortSignal; onProgress: (progress: { stage: string }) => void }

/**
 * Tells Temporal every two seconds that the work lives, however silent it is, and with it whatever was last said of its
 * progress. The signal aborts when the activity is cancelled or its worker shuts down.
 */
export async function whileHeartbeating<T>(work: (control: ActivityControl) => Promise<T>): Promise<T> {
  const context = Context.current()
  let progress = { stage: 'started' }
  context.heartbeat(progress)
  const timer = setInterval(() => context.heartbeat(progress), HEARTBEAT_EVERY_MS)
  try {
    return await work({
      signal: context.cancellationSignal,
      onProgress: (news) => {
        progress = news
        context.heartbeat(progress)
      },
    })
  } finally {
    clearInterval(timer)
  }
}
