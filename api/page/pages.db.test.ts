import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { transactions } from '#db/schema.ts'
import { Address } from '#protocol/primitives.ts'
import { WORKED_SENDER } from '#protocol/workedBatch.fixture.ts'
import { hashOf } from '#test/blocks.ts'
import { type ChainApi, lastBlockOf, startChainApi } from '../tests/testChain.ts'
import { startApiOn } from '../tests/testServer.ts'

const SENDER = Address(WORKED_SENDER)
let api: ChainApi
beforeAll(async () => {
  api = await startChainApi()
})
afterAll(() => api?.close())

type Page = { status: number; text: string; location: string | null }

async function get(path: string, { accept = 'text/html', base = api.url } = {}): Promise<Page> {
  const response = await fetch(`${base}${path}`, { headers: { accept }, redirect: 'manual' })
  return { status: response.status, text: await response.text(), location: response.headers.get('location') }
}
const title = ({ text }: Page) => /<title>(.*?)<\/title>/.exec(text)?.[1]
const newest = () => api.chain.batches[1].blocks[0]!

test('browsers get the page at /, programs what they got before', async () => {
  const page = await get('/')
  expect(page.status).toBe(200)
  for (const part of ['Add to wallet', '<h2>Batches</h2>', 'data-live="/events"']) expect(page.text).toContain(part)
  expect(JSON.parse((await get('/', { accept: '*/*' })).text)).toMatchObject({ name: 'zkNode' })
  expect(await get('/nowhere')).toMatchObject({ status: 404, text: expect.stringContaining('There is no such page.') })
  expect(JSON.parse((await get('/nowhere', { accept: '*/*' })).text)).toMatchObject({ error: { code: -32600 } })
})

test('nothing from elsewhere may run in it, and nothing is kept', async () => {
  const { headers } = await fetch(api.url, { headers: { accept: 'text/html' } })
  expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src 'self'; script-src 'self';/)
  expect(headers.get('cache-control')).toBe('no-store')
  expect((await get('/')).text).not.toMatch(/<script>| style=| on[a-z]+=|https?:\/\/(?!127\.0\.0\.1)/)
})

test('assets have a tag, and are not sent again', async () => {
  const first = await fetch(`${api.url}/assets/page.css`)
  expect(first.headers.get('content-type')).toBe('text/css')
  const headers = { 'if-none-match': first.headers.get('etag')! }
  expect((await fetch(`${api.url}/assets/page.css`, { headers })).status).toBe(304)
  expect((await get('/assets/..%2fpages.tsx')).status).toBe(404)
})

test('a block, its transactions and their senders are shown and linked', async () => {
  const [first, second] = newest().receipts
  const block = await get(`/block/${newest().number}`)
  expect(title(block)).toContain(`Block ${newest().number}`)
  for (const { txHash } of [first!, second!]) expect(block.text).toContain(`href="/tx/${txHash}"`)
  expect(block.text).toContain('href="/batch/2"')
  const transaction = await get(`/tx/${first!.txHash}`)
  expect(transaction.status).toBe(200)
  for (const part of [`href="/block/${newest().number}"`, `href="/address/${SENDER}"`, 'href="/batch/2"', 'Logs (1)'])
    expect(transaction.text).toContain(part)
  const address = await get(`/address/${SENDER}`)
  for (const { txHash } of [first!, second!]) expect(address.text).toContain(`href="/tx/${txHash}"`)
  const batch = await get('/batch/2')
  expect(batch.text).toContain(`href="/block/${newest().number}"`)
  expect(batch.text).toContain('Sequenced on L1 by')
})

test('a transaction tells its share of the signed price, and where its batch is on L1', async () => {
  const { txHash } = newest().receipts[0]!
  const [row] = await api.db.select().from(transactions).where(eq(transactions.hash, txHash))
  const share = Math.round(((row!.effectivePercentage + 1) / 256) * 1000) / 10
  const { text } = await get(`/tx/${txHash}`)
  expect(text).toContain(`${row!.effectivePercentage} of 255, or ${share} % of the signed price`)
  expect(text).toContain(`<span id="sequence"><span class="copyable"><code>${hashOf(0x502)}</code>`)
  expect(text).toContain('<span id="verification">not yet</span>')
})

test('heads are told by their tags', async () => {
  const { text } = await get('/')
  const figures = [...text.matchAll(/<dt>([^<]*)<\/dt><dd>([^<]*)<\/dd>/g)].map(([, name, value]) => [name, value])
  const safe = String(lastBlockOf(api.chain.batches[0]))
  expect(figures.slice(0, 3)).toEqual([
    ['Latest block', String(newest().number)],
    ['Safe block', safe],
    ['Finalized block', '0'],
  ])
})

test('hashes of blocks lead to them too', async () => {
  const { text } = await get(`/block/${newest().number}`)
  const hash = /data-copy="(0x[0-9a-f]{64})"/.exec(text)![1]!
  expect(title(await get(`/block/${hash}`))).toContain(`Block ${newest().number}`)
  expect(await get(`/search?q=${hash}`)).toMatchObject({ status: 302, location: `/block/${hash}` })
})

test.each([
  ['7', '/block/7'],
  ['block 7', '/block/7'],
  [' batch 2 ', '/batch/2'],
  ['Batch #2', '/batch/2'],
  [SENDER.toUpperCase().replace('0X', '0x'), `/address/${SENDER}`],
])('a search for %s leads to %s', async (text, location) => {
  expect(await get(`/search?q=${encodeURIComponent(text)}`)).toMatchObject({ status: 302, location })
})

test('a search for a transaction leads to it', async () => {
  const { txHash } = newest().receipts[0]!
  expect(await get(`/search?q=${txHash}`)).toMatchObject({ status: 302, location: `/tx/${txHash}` })
})

test.each([
  ['/search?q=0x12', 400, 'What is that?'],
  ['/search?q=', 400, 'What is that?'],
  [`/search?q=0x${'ab'.repeat(32)}`, 404, 'Not found'],
  ['/block/999999', 404, 'Not found'],
  ['/block/latest', 404, 'Not found'],
  ['/block/1?page=-1', 404, 'Not found'],
  ['/tx/0x12', 404, 'Not found'],
  [`/tx/0x${'ab'.repeat(32)}`, 404, 'Not found'],
  ['/address/0x12', 404, 'Not found'],
  [`/address/${SENDER}?before=x`, 404, 'Not found'],
  ['/batch/999', 404, 'Not found'],
  ['/batch/%3Cscript%3E', 404, 'Not found'],
])('%s is answered with %i', async (path, status, name) => {
  const page = await get(path)
  expect([page.status, title(page)]).toEqual([status, expect.stringContaining(name)])
})

test('what was asked for is shown as text', async () => {
  const { text } = await get(`/search?q=${encodeURIComponent('"><script>alert(1)</script>')}`)
  expect(text).not.toContain('<script>alert')
  expect(text).toContain('&quot;&gt;&lt;script&gt;')
})

test('pages are switched off, have a cost, and are for the names of the node alone', async () => {
  const off = await startApiOn(api.databaseUrl, { statusPage: { enabled: false } })
  const base = `http://127.0.0.1:${off.port}`
  expect(JSON.parse((await get('/', { base })).text)).toMatchObject({ name: 'zkNode' })
  expect((await get('/batch/1', { base })).status).toBe(404)
  await off.stop()
  const rateLimit = { enabled: true, perIp: 1, burst: 25 }
  const limited = await startApiOn(api.databaseUrl, { rpc: { rateLimit } })
  const url = `http://127.0.0.1:${limited.port}`
  expect((await get('/batch/1', { base: url })).status).toBe(200)
  const refused = await get('/batch/1', { base: url })
  expect([refused.status, title(refused)]).toEqual([429, expect.stringContaining('Too many requests')])
  await limited.stop()
})
