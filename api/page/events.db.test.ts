import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ApiServer } from '../server.ts'
import { addBlock, startApiOn, startTestApi, type TestApi } from '../tests/testServer.ts'
import type { Parts } from './liveFeed.ts'

const MAX_OF_CALLER = 20
let api: TestApi
let second: ApiServer
beforeAll(async () => {
  api = await startTestApi()
  second = await startApiOn(api.databaseUrl)
})
afterAll(async () => {
  await second?.stop()
  await api?.close()
})

type Viewer = {
  status: number
  connection: string | null
  next: () => Promise<Parts | 'over'>
  leave: () => Promise<void>
}

/** Looks at the page as a browser does. */
async function watch(base: string): Promise<Viewer> {
  const leaving = new AbortController()
  const response = await fetch(`${base}/events`, { signal: leaving.signal })
  const reader = response.body!.getReader()
  let text = ''
  return {
    status: response.status,
    connection: response.headers.get('connection'),
    async next() {
      for (;;) {
        const event = /event: parts\ndata: (.*)\n\n/.exec(text)
        if (event !== null) {
          text = text.slice(event.index + event[0].length)
          return JSON.parse(event[1]!) as Parts
        }
        const { done, value } = await reader.read()
        if (done) return 'over'
        text += Buffer.from(value).toString()
      }
    },
    leave: async () => {
      leaving.abort()
      await reader.closed.catch(() => undefined)
    },
  }
}
const urlOf = ({ port }: ApiServer) => `http://127.0.0.1:${port}`

test('all parts come at first, then those that changed, from every API process', async () => {
  const viewers = [await watch(api.url), await watch(urlOf(second))]
  for (const viewer of viewers)
    expect(Object.keys(await viewer.next())).toEqual(['heads', 'pipeline', 'blocks', 'transactions'])
  await addBlock(api.db, 1)
  for (const viewer of viewers) {
    const parts = (await viewer.next()) as Parts
    expect(Object.keys(parts)).toEqual(['heads', 'blocks'])
    expect(parts['blocks']).toContain('href="/block/1"')
    await viewer.leave()
  }
})

test('one caller has so many viewers and no more, until one leaves', async () => {
  const viewers = await Promise.all(Array.from({ length: MAX_OF_CALLER }, () => watch(api.url)))
  expect(viewers.map(({ status }) => status)).toEqual(viewers.map(() => 200))
  const refused = await fetch(`${api.url}/events`)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10'])
  await viewers[0]!.leave()
  await expect
    .poll(async () => {
      const again = await watch(api.url)
      await again.leave()
      return again.status
    })
    .toBe(200)
  for (const viewer of viewers.slice(1)) await viewer.leave()
})

test('viewers do not keep a process from ending: their stream ends, and its connection', async () => {
  const third = await startApiOn(api.databaseUrl)
  const viewer = await watch(urlOf(third))
  await viewer.next()
  const [last] = await Promise.all([viewer.next(), third.stop()])
  expect([last, viewer.connection]).toEqual(['over', 'close'])
})
