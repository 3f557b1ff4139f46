import * as wf from '@temporalio/workflow'

/** Runs `work` to its end, or until `outdated` holds: then it is cancelled, waited for, and gives nothing. */
export async function cancelWhen<T>(outdated: () => boolean, work: () => Promise<T>): Promise<T | undefined> {
  if (outdated()) return undefined
  const scope = new wf.CancellationScope()
  let cancelled = false
  const cancel = () => {
    cancelled = true
    scope.cancel()
  }
  wf.condition(outdated).then(cancel, () => {}) // rejected only when the workflow itself is cancelled, as `work` is
  try {
    return await scope.run(work)
  } catch (error) {
    if (cancelled && wf.isCancellation(error)) return undefined
    throw error
  }
}
