import { JsonRpcProvider } from 'ethers'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Database } from '#db/client.ts'
import { createL1TransactionStore } from '#db/l1Transactions.ts'
import { l1TransactionAttempts } from '#db/schema.ts'
import { Address, type Hex } from '#protocol/primitives.ts'
import { ANVIL_KEYS, type Anvil, startAnvil } from '#test/anvil.ts'
import { openTestDatabase } from '#test/database.ts'
import { type FaultProxy, type Faults, startFaultProxy } from '#test/faultProxy.ts'
import { createLocalSigner } from './l1Signer.ts'
import { createL1Rpc } from './rpc.ts'
import { createTransactionSender } from './transactionSender.ts'

/** An L1 with a block each second behind endpoints with faults: whatever they do, one transaction comes of a job. */
let db: Database
let closeDatabase: () => Promise<void>
let anvil: Anvil
let l1: JsonRpcProvider
const opened: { close(): unknown }[] = []
let keysUsed = 0

beforeAll(async () => {
  ;[{ db, close: closeDatabase }, anvil] = await Promise.all([openTestDatabase(), startAnvil({ blockTimeSeconds: 1 })])
  l1 = new JsonRpcProvider(anvil.url, undefined, { staticNetwork: true, cacheTimeout: -1 })
})
afterEach(async () => {
  for (const { close } of opened.splice(0)) await close()
})
afterAll(async () => {
  l1.destroy()
  await Promise.all([closeDatabase(), anvil.stop()])
})

async function proxy(faults: Faults = {}): Promise<FaultProxy> {
  const started = await startFaultProxy(anvil.url, faults)
  opened.push(started)
  return started
}

let jobs = 0
/** Sends one transaction, again after each failure, as the workflow does. Returns how often sending failed. */
async function sendOnce(endpoints: readonly FaultProxy[], options: { bumpAfterMs?: number } = {}): Promise<number> {
  const signer = createLocalSigner(ANVIL_KEYS[++keysUsed]! as Hex)
  const rpc = createL1Rpc({ rpcUrls: endpoints.map(({ url }) => url), requestTimeoutMs: 10_000, l1ChainId: 1337 })
  opened.unshift(rpc)
  const store = createL1TransactionStore(db)
  const pace = { pollIntervalMs: 100, rebroadcastMs: 300, nonceTakenMs: 5000, ...options }
  const job = `job-${++jobs}`
  const recipient = Address(`0x${'77'.repeat(20)}`)
  const build = async () => ({ recipient, data: Uint8Array.of(jobs) })
  const control = { signal: new AbortController().signal, onProgress: () => {} }
  for (let failed = 0; ; failed++)
    try {
      const { send } = createTransactionSender({ rpc, store, l1ChainId: 1337, signer, ...pace })
      const { l1TxHash } = await send({ job, purpose: 'other', build }, control)
      expect((await l1.getTransactionReceipt(l1TxHash))?.status).toBe(1)
      expect(await l1.getTransactionCount(signer.address, 'pending')).toBe(1)
      return failed
    } catch (error) {
      expect(['L1UnavailableError', 'L1RefusedError']).toContain((error as Error).name)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
}
const later = (ms: number, work: () => void) => void setTimeout(work, ms)
const isAsked = async ({ calls }: FaultProxy, method: string) => {
  while (!calls.some((call) => call.method === method)) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('an endpoint that goes away after the broadcast and comes back', async () => {
  const endpoint = await proxy()
  const sending = sendOnce([endpoint])
  await isAsked(endpoint, 'eth_sendRawTransaction')
  endpoint.faults = { down: true }
  later(2000, () => {
    endpoint.faults = {}
  })
  expect(await sending).toBeGreaterThan(0)
})

test('HTTP 429 for every second call', async () => {
  const endpoint = await proxy({ limitEvery: 2 })
  expect(await sendOnce([endpoint])).toBe(0)
  expect(endpoint.limited).toBeGreaterThan(3)
})

test('five seconds for every answer', { timeout: 120_000 }, async () => {
  expect(await sendOnce([await proxy({ latencyMs: 5000 })])).toBe(0)
})

test('a mempool that drops transactions', async () => {
  const endpoint = await proxy({ dropsTransactions: true })
  later(1500, () => {
    endpoint.faults = {}
  })
  expect(await sendOnce([endpoint])).toBe(0)
  const broadcasts = endpoint.calls.filter(({ method }) => method === 'eth_sendRawTransaction')
  expect(broadcasts.length).toBeGreaterThan(1)
  expect(new Set(broadcasts.map(({ params }) => params[0])).size).toBe(1)
})

test('the first endpoint drops transactions and then dies: the second gets the same bytes', async () => {
  const [first, second] = [await proxy({ dropsTransactions: true }), await proxy()]
  const sending = sendOnce([first, second])
  await isAsked(first, 'eth_sendRawTransaction')
  first.faults = { down: true }
  expect(await sending).toBe(0)
  expect(second.calls.some(({ method }) => method === 'eth_sendRawTransaction')).toBe(true)
})

test('fees that jump tenfold while the transaction waits', async () => {
  const setBaseFee = (gwei: number) => l1.send('anvil_setNextBlockBaseFeePerGas', [`0x${(gwei * 1e9).toString(16)}`])
  await setBaseFee(20)
  await l1.send('evm_mine', [])
  const endpoint = await proxy({ dropsTransactions: true })
  const sending = sendOnce([endpoint], { bumpAfterMs: 500 })
  await isAsked(endpoint, 'eth_sendRawTransaction')
  // Block after block, or it would get cheap again by itself.
  await setBaseFee(200)
  const timer = setInterval(() => void setBaseFee(200), 100)
  endpoint.faults = {}
  await sending.finally(() => clearInterval(timer))
  const attempts = (await db.select().from(l1TransactionAttempts)).filter(({ id }) => id === `job-${jobs}`)
  expect(attempts.length).toBeGreaterThan(1)
})
