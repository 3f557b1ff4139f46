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
