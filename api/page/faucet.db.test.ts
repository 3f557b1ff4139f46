import { Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { createLogger } from '#common/logger.ts'
import { parseConfig } from '#config/load.ts'
import type { ConfigInput } from '#config/schema.ts'
import { poolTransactions } from '#db/schema.ts'
import { Address } from '#protocol/primitives.ts'
import { decodeRawTransaction } from '#protocol/transaction.ts'
import { addressOf } from '#test/blocks.ts'
import { type ApiServer, startApiServer } from '../server.ts'
import { startTestApi, type TestApi, testConfig } from '../tests/testServer.ts'

const wallet = new Wallet(`0x${'11'.repeat(32)}`)
const KEY_VARIABLE = 'ZKNODE_TEST_PAGE_FAUCET_KEY'
const TO = addressOf(0xf1)
let api: TestApi
let local: ApiServer
let other: ApiServer

beforeAll(async () => {
  vi.stubEnv(KEY_VARIABLE, wallet.privateKey)
  api = await startTestApi({ balances: { [Address(wallet.address)]: 1000n * 10n ** 18n } })
  local = await startLocalApi({})
  other = await startLocalApi({})
})
afterAll(async () => {
  await other?.stop()
  await local?.stop()
  await api?.close()
  vi.unstubAllEnvs()
})

/** As `npm start` sets it up: with the dev_ methods, without limits of rate. */
function startLocalApi(overrides: Partial<ConfigInput>): Promise<ApiServer> {
  const config = testConfig(api.databaseUrl, { rpc: { namespaces: ['eth', 'dev'] } })
  const dev = { faucetKey: `env:${KEY_VARIABLE}` }
  return startApiServer(parseConfig({ ...config, dev, ...overrides }), createLogger('api', 'fatal'), { withOps: false })
}

const urlOf = ({ port }: ApiServer) => `http://127.0.0.1:${port}`

async function send(base: string, address: string, headers: Record<string, string> = { origin: base }) {
  const body = new URLSearchParams({ address })
  const response = await fetch(`${base}/faucet`, { method: 'POST', body, headers, redirect: 'manual' })
  const [location, retryAfter] = ['location', 'retry-after'].map((name) => response.headers.get(name))
  return { status: response.status, text: await response.text(), location, retryAfter }
}

test('the page of a local network has the form, and what it asks for is paid once', async () => {
  const page = await (await fetch(urlOf(local), { headers: { accept: 'text/html' } })).text()
  expect(page).toContain('<form class="faucet" method="post" action="/faucet">')
  const { status, location } = await send(urlOf(local), TO)
  const rows = await api.db.select().from(poolTransactions)
  expect([status, location]).toEqual([303, `/tx/${rows[0]!.hash}`])
  expect(rows.map(({ raw }) => decodeRawTransaction(raw))).toMatchObject([{ to: TO, value: 10n ** 19n }])
})

test('a form that another API process of the node made is taken', async () => {
  expect((await send(urlOf(other), TO)).status).toBe(303)
})

test.each<[string, Record<string, string>]>([
  ['another page', { origin: 'https://elsewhere.example' }],
  ['a page that hides', { origin: 'null' }],
  ['no page', {}],
])('what is sent from %s is refused', async (_, headers) => {
  expect(await send(urlOf(local), TO, headers)).toMatchObject({
    status: 403,
    text: expect.stringContaining('The form was sent from another page than that of this node.'),
  })
})

test('what is no address, and the account that pays, are refused', async () => {
  for (const [address, text] of [
    ['', 'An address is 0x and 40 hex digits.'],
    ['<script>', 'An address is 0x and 40 hex digits.'],
    [wallet.address, 'It pays from this account; use another.'],
  ] as const)
    expect(await send(urlOf(local), address)).toMatchObject({ status: 400, text: expect.stringContaining(text) })
  expect((await send(urlOf(local), 'a'.repeat(5000))).status).toBe(413)
})

test('it rests after five gifts, though nothing else is limited', async () => {
  const third = await startLocalApi({})
  const statuses: number[] = []
  for (let gift = 0; gift < 5; gift++) statuses.push((await send(urlOf(third), TO)).status)
  expect(statuses).toEqual([303, 303, 303, 303, 303])
  expect(await send(urlOf(third), TO)).toMatchObject({
    status: 429,
    retryAfter: expect.stringMatching(/^([1-9]|10)$/),
    text: expect.stringContaining('The faucet needs a rest'),
  })
  await third.stop()
})

test('there is none where the dev_ methods are off, and on nodes that follow', async () => {
  const follower = await startLocalApi({ role: 'permissionless' })
  for (const base of [api.url, urlOf(follower)]) {
    expect(await (await fetch(base, { headers: { accept: 'text/html' } })).text()).not.toContain('action="/faucet"')
    expect(await send(base, TO)).toMatchObject({ status: 404, text: expect.stringContaining('There is no faucet') })
  }
  await follower.stop()
})
