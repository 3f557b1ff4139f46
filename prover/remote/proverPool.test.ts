import { afterEach, expect, test, vi } from 'vitest'
import { gatedWork, RemoteHarness, watchedControl } from '#test/remoteProver/harness.ts'
import type { Misbehaviour } from '#test/remoteProver/misbehaviours.ts'
import { proveSmallChain } from '#test/remoteProver/provenChain.ts'
import { AsideBook } from './aside.ts'

let harness: RemoteHarness | undefined
afterEach(async () => {
  await harness?.close()
  harness = undefined
})

test('there are as many leases as idle provers; a lease given back is there for the next one who waits', async () => {
  harness = await RemoteHarness.start()
  const { server } = harness
  expect(server.tryReserve()).toBeUndefined()
  harness.dial('p1')
  harness.dial('p2')
  await Promise.all(['p1', 'p2'].map((id) => harness!.whenIdle(id)))
  const [one, two] = [server.tryReserve()!, server.tryReserve()!]
  expect(server.tryReserve()).toBeUndefined()
  const third = server.reserve(new AbortController().signal)
  one.release()
  one.release() // counts once
  const held = await third
  expect(server.tryReserve()).toBeUndefined()
  for (const lease of [two, held]) lease.release()
  expect([server.tryReserve(), server.tryReserve(), server.tryReserve()].map(Boolean)).toEqual([true, true, false])
})

test('a job uses up the lease it came by; the lease is free again when the prover is idle', async () => {
  const chain = await proveSmallChain()
  harness = await RemoteHarness.start()
  const { server } = harness
  const { work, open } = gatedWork()
  harness.dial('p1', { work })
  const lease = await server.reserve(new AbortController().signal)
  const control = watchedControl()
  const proof = server.prover.proveBatch(chain.batches[0], control)
  await control.assigned
  harness.dial('p2')
  await harness.whenIdle('p2')
  const second = server.tryReserve()
  expect(second).toBeDefined()
  expect(server.tryReserve()).toBeUndefined()
  open()
  await proof
  lease.release()
  await harness.whenIdle('p1')
  expect(server.tryReserve()).toBeDefined()
})

test('a job that waits takes one prover, also when several become idle at once', async () => {
  const chain = await proveSmallChain()
  harness = await RemoteHarness.start()
  const { server } = harness
  const { work, open } = gatedWork()
  const misbehaviours: Misbehaviour[] = ['refuse']
  const ids = ['p1', 'p2']
  const dialled = ids.map((id) => harness!.dial(id, { work, misbehaviours }))
  await Promise.all(ids.map((id) => harness!.whenIdle(id)))
  const refused = chain.batches.map((job) => server.prover.proveBatch(job, watchedControl()))
  expect((await Promise.allSettled(refused)).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  // Both have said again that they are idle: the second question is asked when the first has been answered.
  const asked = () =>
    dialled.map(({ requests }) =>
      requests.slice(requests.indexOf('genBatchProofRequest') + 1, 3 + requests.indexOf('genBatchProofRequest')),
    )
  await expect.poll(asked).toEqual(Array(2).fill(['getStatusRequest', 'getStatusRequest']))
  misbehaviours.length = 0
  vi.useFakeTimers({ toFake: ['Date'] })
  try {
    const control = watchedControl()
    const proof = server.prover.aggregate(chain.aggregation, control)
    await new Promise(setImmediate) // it waits
    vi.setSystemTime(Date.now() + 7_200_000) // two hours later both are back
    server.release('p1')
    await control.assigned
    expect(server.list().filter(({ jobId }) => jobId !== undefined)).toHaveLength(1)
    open()
    await proof
  } finally {
    vi.useRealTimers()
  }
})

test('waiting for a lease ends with the signal', async () => {
  harness = await RemoteHarness.start()
  const stop = new AbortController()
  const waiting = harness.server.reserve(stop.signal)
  stop.abort(new Error('the worker stops'))
  await expect(waiting).rejects.toThrow('the worker stops')
})

test('the time aside doubles with each fault up to a maximum, and a sound proof takes one fault off', () => {
  vi.useFakeTimers({ now: 0 })
  try {
    const book = new AsideBook({ baseMs: 30, maximumMs: 100 })
    expect([1, 2, 3, 4].map(() => book.put('p1', 'lied'))).toEqual([30, 60, 100, 100])
    expect(book.find('p1')).toMatchObject({ until: 100, reason: 'lied' })
    vi.setSystemTime(99)
    expect(book.find('p1')?.reason).toBe('lied')
    vi.setSystemTime(100)
    expect(book.find('p1')).toBeUndefined()
    for (let proofs = 0; proofs < 3; proofs++) book.forgive('p1')
    expect(book.put('p1', 'lied')).toBe(100 + 60)
    book.release('p1')
    expect(book.find('p1')).toBeUndefined()
    expect(book.put('p1', 'lied')).toBe(100 + 30)
    expect(book.find('p2')).toBeUndefined()
  } finally {
    vi.useRealTimers()
  }
})
