import * as wf from '@temporalio/workflow'
import { SEARCH_ATTRIBUTE } from '#workflows/messages.ts'

const { fail } = wf.proxyActivities<{ fail: () => Promise<void> }>({
  startToCloseTimeout: '10 seconds',
  retry: { maximumAttempts: 2, initialInterval: 1 },
})

export const failingWorkflow = () => fail()

/** Waits for somebody, and no more after the signal `mended`. */
export async function parkedWorkflow(): Promise<void> {
  let isMended = false
  wf.setHandler(wf.defineSignal('mended'), () => {
    isMended = true
  })
  wf.upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.attention, value: 'proof-failed' }])
  await wf.condition(() => isMended)
  wf.upsertSearchAttributes([{ key: SEARCH_ATTRIBUTE.attention, value: null }])
  await wf.sleep('1 hour')
}
