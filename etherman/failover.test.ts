import { JsonRpcProvider } from 'ethers'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Address } from '#protocol/primitives.ts'
import { type Anvil, startAnvil } from '#test/anvil.ts'
import { type FaultProxy, type Faults, startFaultProxy } from '#test/faultProxy.ts'
import { createEtherman } from './client.ts'
import { L1UnavailableError, WrongL1Error } from './errors.ts'
import { createL1Rpc, type L1RpcOptions, type L1RpcPool } from './rpc.ts'

let l1: Anvil
let other: Anvil
let provider: JsonRpcProvider
const opened: { close(): unknown }[] = []

beforeAll(async () => {
  ;[l1, other] = await Promise.all([startAnvil(), startAnvil({ chainId: 4321 })])
  provider = new JsonRpcProvider(l1.url, undefined, { staticNetwork: true, cacheTimeout: -1 })
  await provider.send('anvil_mine', ['0x20'])
})
afterEach(async () => {
  for (const { close } of opened.splice(0)) await close()
})
afterAll(async () => {
  provider.destroy()
  await Promise.all([l1.stop(), other.stop()])
})

async function proxy(faults: Faults = {}, target = l1.url): Promise<FaultProxy> {
  const started = await startFaultProxy(target, faults)
  opened.push(started)
  return started
}
function rpcOf(endpoints: readonly FaultProxy[], options: Partial<L1RpcOptions> = {}): L1RpcPool {
  const common = { requestTimeoutMs: 3000, l1ChainId: 1337, compareMs: 50 }
  const rpc = createL1Rpc({ ...common, ...options, rpcUrls: endpoints.map(({ url }) => url) })
  opened.unshift(rpc)
  return rpc
}
const head = (rpc: L1RpcPool) => rpc.call<string>('eth_blockNumber', [])
const asked = ({ calls }: FaultProxy, method = 'eth_getBalance') =>
  calls.filter((call) => call.method === method).length
const ask = (rpc: L1RpcPool) => rpc.call('eth_getBalance', [`0x${'00'.repeat(20)}`, 'latest'])
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('one that limits every second request still answers everything', async () => {
  const slow = await proxy({ limitEvery: 2 })
  const rpc = rpcOf([slow])
  for (let count = 0; count < 8; count++) await ask(rpc)
  expect(slow.limited).toBeGreaterThan(4)
})

test('a burst becomes as narrow as the endpoint bears', async () => {
  const narrow = await proxy({ maxParallel: 2, latencyMs: 20 })
  const rpc = rpcOf([narrow], { requestTimeoutMs: 10_000 })
  await Promise.all(Array.from({ length: 40 }, () => ask(rpc)))
  const before = narrow.limited
  await Promise.all(Array.from({ length: 40 }, () => ask(rpc)))
  expect(narrow.limited - before).toBeLessThan(15)
})

test('what it says of when to ask again is obeyed', async () => {
  const limiting = await proxy({ limitEvery: 1, retryAfterSeconds: 1 })
  const rpc = rpcOf([limiting])
  const answer = ask(rpc)
  await pause(500)
  expect(limiting.calls).toHaveLength(1)
  limiting.faults = {}
  await answer
  limiting.faults = { limitEvery: 1, retryAfterSeconds: 100 }
  await expect(ask(rpc)).rejects.toMatchObject({
    name: 'L1UnavailableError',
    limit: { retryAfterMs: expect.any(Number) },
  })
})

test('the second answers while the first is away, and the first again when it is back', async () => {
  const [first, second] = [await proxy(), await proxy()]
  const rpc = rpcOf([first, second])
  await ask(rpc)
  expect([asked(first), asked(second)]).toEqual([1, 0])
  first.faults = { down: true }
  await ask(rpc)
  await ask(rpc)
  expect([asked(first), asked(second)]).toEqual([1, 2])
  first.faults = {}
  await pause(1100)
  await ask(rpc)
  expect([asked(first), asked(second)]).toEqual([2, 2])
  first.faults = { limitEvery: 1 }
  await ask(rpc)
  expect(asked(second)).toBe(3)
})

test('one that answers too late is passed over', async () => {
  const [first, second] = [await proxy(), await proxy()]
  const rpc = rpcOf([first, second], { requestTimeoutMs: 300 })
  await ask(rpc)
  first.faults = { latencyMs: 1000 }
  await ask(rpc)
  expect(asked(second)).toBe(1)
})

test('when all are away that is what is said', async () => {
  const [first, second] = [await proxy({ down: true }), await proxy({ down: true })]
  await expect(ask(rpcOf([first, second]))).rejects.toThrow(L1UnavailableError)
})

test('one of another chain is not used, nor one that becomes another', async () => {
  const [wrong, right] = [await proxy({}, other.url), await proxy()]
  const rpc = rpcOf([wrong, right])
  await ask(rpc)
  expect([asked(wrong), asked(right)]).toEqual([0, 1])
  await expect(ask(rpcOf([wrong]))).rejects.toThrow(WrongL1Error)
  await expect(ask(rpcOf([wrong, await proxy({ down: true })]))).rejects.toThrow(L1UnavailableError)
  right.faults = { down: true }
  await expect(ask(rpc)).rejects.toThrow(L1UnavailableError)
  right.faults = { answer: ({ method }) => (method === 'eth_chainId' ? { result: '0x10e1' } : undefined) }
  await expect(ask(rpc)).rejects.toThrow(WrongL1Error)
})

test('one that lags is used only when no other works', async () => {
  const [first, second] = [await proxy({ behind: 10 }), await proxy()]
  const rpc = rpcOf([first, second])
  await ask(rpc)
  expect([asked(first), asked(second)]).toEqual([0, 1])
  second.faults = { down: true }
  await ask(rpc)
  expect(asked(first)).toBe(1)
  second.faults = {}
  first.faults = {}
  await pause(1100)
  await head(rpc)
  await pause(100)
  await ask(rpc)
  expect(asked(first)).toBe(2)
})

test('an error that is a verdict is not asked for twice; one of the endpoint itself is', async () => {
  const fail = (code: number, data?: string) => () => ({ error: { code, message: 'no', ...(data && { data }) } })
  const [first, second] = [await proxy({ answer: fail(3, '0x11e7be15') }), await proxy()]
  const rpc = rpcOf([first, second], { l1ChainId: undefined as never })
  await expect(ask(rpc)).rejects.toMatchObject({ name: 'L1RpcError', code: 3 })
  expect(asked(second)).toBe(0)
  first.faults = { answer: fail(-32603) }
  await ask(rpc)
  expect(asked(second)).toBe(1)
})

test('events are never left out because an endpoint does not have their block yet', async () => {
  const behind = await proxy({ behind: 3 })
  const address = Address(`0x${'01'.repeat(20)}`)
  const contracts = { rollup: address, rollupManager: address, globalExitRoot: address, pol: address }
  const common = { contracts, rollupId: 1, requestTimeoutMs: 1000 }
  const alone = createEtherman({ ...common, rpcUrls: [behind.url] })
  const helped = createEtherman({ ...common, rpcUrls: [behind.url, (await proxy()).url] })
  opened.unshift(alone, helped)
  const range = { fromBlock: 1, toBlock: await provider.getBlockNumber() }
  await expect(alone.readEvents(range)).rejects.toThrow(L1UnavailableError)
  expect(await helped.readEvents(range)).toEqual([])
})
