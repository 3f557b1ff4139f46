import type { Context } from 'hono'
import { streamSSE } from 'hono/streaming'
import type { LiveFeed, Parts } from './liveFeed.ts'

const HEARTBEAT_MS = 15_000
const RETRY_SECONDS = '10'

/** Parts of the page as server-sent events, until the viewer or the process leaves. */
export function sendEvents(c: Context, feed: LiveFeed, caller: string): Response {
  let pending: Parts = {}
  let isOver = false
  let wake = () => {}
  const stop = feed.watch(caller, {
    tell(parts) {
      pending = { ...pending, ...parts } // a slow viewer gets the newest of each part
      wake()
    },
    end() {
      isOver = true
      wake()
    },
  })
  if (stop === undefined) return c.text('Too many look at this page.', 503, { 'retry-after': RETRY_SECONDS })
  c.header('x-accel-buffering', 'no')
  const response = streamSSE(c, async (stream) => {
    stream.onAbort(() => {
      stop()
      wake()
    })
    while (!stream.aborted && !isOver) {
      const parts = pending
      pending = {}
      if (Object.keys(parts).length > 0) await stream.writeSSE({ event: 'parts', data: JSON.stringify(parts) })
      else await stream.write(': still here\n\n')
      if (Object.keys(pending).length > 0 || isOver) continue
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, HEARTBEAT_MS)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  })
  response.headers.set('connection', 'close') // kept for another request, it would hold up the end of the process
  return response
}
