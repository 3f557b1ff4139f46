import * as wf from '@temporalio/workflow'

/** Set by signals, reset by who acts on them. */
export type Wake = {
  /** Something changed: plan again. */
  woken: boolean
  /** Do not wait for the run to grow. */
  urgent: boolean
}

type Plan = { full: boolean; waitMs: number }

/**
 * The next run of batches to send, or null when there is none. A run that could grow gets `waitMs` to do so, counted from
 * the first look; it is planned again at each wake and at the end, for L1 may have moved meanwhile.
 */
export async function planGrowingRun<Run extends Plan>(
  plan: () => Promise<Run | null>,
  wake: Wake,
): Promise<Run | null> {
  wake.woken = false
  let run = await plan()
  const end = Date.now() + (run?.waitMs ?? 0)
  while (run !== null && !run.full && !wake.urgent && Date.now() < end) {
    await wf.condition(() => wake.woken || wake.urgent, end - Date.now(), {
      summary: 'wait for more to send together',
    })
    wake.woken = false
    run = await plan()
  }
  wake.urgent = false
  return run
}
