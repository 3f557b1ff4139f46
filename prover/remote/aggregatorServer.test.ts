import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { BatchNumber } from '#protocol/primitives.ts'
import { hashOf } from '#test/blocks.ts'
import { ATTESTERS, DOMAIN } from '#test/proofs.ts'
import { AGGREGATOR, attestWork, gatedWork, RemoteHarness, watchedControl } from '#test/remoteProver/harness.ts'
import { type ProvenChain, proveSmallChain } from '#test/remoteProver/provenChain.ts'
import { joinClaims, pickClaims } from '../claims.ts'
import { ProofRefusedError, ProverFailedError } from '../errors.ts'
import { readFinalSigners } from '../finalProof.ts'
import { decodeAttestationProof } from '../proofCodec.ts'

let chain: ProvenChain
beforeAll(async () => {
  chain = await proveSmallChain()
})
let harness: RemoteHarness
afterEach(() => harness.close())

const claimsIn = (proof: string) => pickClaims(decodeAttestationProof(proof))

test('drives a prover through two batch proofs, their aggregation and the final proof', async () => {
  harness = await RemoteHarness.start()
  const dialled = harness.dial('p1')
  const { prover } = harness.server
  const control = watchedControl()
  const first = await prover.proveBatch(chain.batches[0], control)
  const second = await prover.proveBatch(chain.batches[1], watchedControl())
  expect([claimsIn(first), claimsIn(second)]).toEqual(chain.claims)
  const { joined: claims } = chain
  const run = await prover.aggregate({ jobId: 'run', proofs: [first, second], claims }, watchedControl())
  expect(claimsIn(run)).toEqual(claims)
  const final = await prover.finalize({ ...chain.final, proof: run }, watchedControl())
  expect(final).toMatchObject({ aggregator: AGGREGATOR, publicInputs: claims })
  expect(readFinalSigners(DOMAIN, final)).toEqual([ATTESTERS[0]!.address])
  const by = { proverId: 'p1', proverName: 'prover p1', proverKind: 'remote' }
  expect(control.assignments).toEqual([by, { ...by, requestId: expect.stringMatching(/^p1-[0-9a-f]{16}$/) }])
  expect(await harness.whenIdle('p1')).toMatchObject({
    ...{ name: 'prover p1', state: 'idle', proved: 4, failed: 0, forkId: 9, cores: 4, memoryBytes: 16 * 2 ** 30 },
    ...{ jobId: undefined, reason: undefined, asideUntil: undefined, freeMemoryBytes: 8 * 2 ** 30 },
  })
  const [connect, again, beforeWork, ...work] = dialled.requests
  expect([connect, again, beforeWork]).toEqual(['getStatusRequest', 'getStatusRequest', 'getStatusRequest'])
  expect(work.slice(0, 2)).toEqual(['genBatchProofRequest', 'getProofRequest'])
})

test('a prover that leaves the ids of its answers empty is understood by their order', async () => {
  harness = await RemoteHarness.start()
  harness.dial('p1', { leavesIdsOut: true })
  expect(claimsIn(await harness.server.prover.proveBatch(chain.batches[0], watchedControl()))).toEqual(chain.claims[0])
})

test('a longer row of attestations is joined pair by pair', async () => {
  harness = await RemoteHarness.start()
  const dialled = harness.dial('p1')
  const third = {
    ...chain.joined,
    ...{ oldStateRoot: chain.joined.newStateRoot, oldAccInputHash: chain.joined.newAccInputHash },
    ...{ oldBatchNumber: BatchNumber(2), newBatchNumber: BatchNumber(3), newStateRoot: hashOf(3) },
  }
  const proofs = [...chain.aggregation.proofs, attestWork.attest(third)] as const
  const claims = joinClaims(chain.joined, third)
  const run = await harness.server.prover.aggregate({ jobId: 'run', proofs, claims }, watchedControl())
  expect(claimsIn(run)).toEqual(claims)
  expect(dialled.requests.filter((name) => name === 'genAggregatedProofRequest')).toHaveLength(2)
})

test('proofs that do not meet are not sent to anybody', async () => {
  harness = await RemoteHarness.start()
  const dialled = harness.dial('p1')
  await harness.whenIdle('p1')
  const [one, two] = chain.aggregation.proofs
  const refused = harness.server.prover.aggregate({ ...chain.aggregation, proofs: [two, one] }, watchedControl())
  await expect(refused).rejects.toThrow(ProofRefusedError)
  expect(new Set(dialled.requests)).toEqual(new Set(['getStatusRequest']))
})

test('two provers work at the same time', async () => {
  harness = await RemoteHarness.start()
  const gates = [gatedWork(), gatedWork()]
  for (const [index, { work }] of gates.entries()) harness.dial(`p${index}`, { work })
  const controls = [watchedControl(), watchedControl()]
  const proofs = controls.map((control, index) => harness.server.prover.proveBatch(chain.batches[index]!, control))
  const assigned = await Promise.all(controls.map((control) => control.assigned))
  expect(assigned.map(({ proverId }) => proverId).sort()).toEqual(['p0', 'p1'])
  expect(harness.server.list().map(({ state, jobId }) => `${state} ${jobId}`)).toEqual(['busy batch-1', 'busy batch-2'])
  for (const { open } of gates) open()
  expect((await Promise.all(proofs)).map(claimsIn)).toEqual(chain.claims)
})

test('one prover gets one job at a time', async () => {
  harness = await RemoteHarness.start()
  const dialled = harness.dial('p1')
  const { prover } = harness.server
  await Promise.all(chain.batches.map((job) => prover.proveBatch(job, watchedControl())))
  const asked = dialled.requests.filter((name) => name.startsWith('gen') || name === 'getStatusRequest')
  const second = asked.lastIndexOf('genBatchProofRequest')
  expect(asked.slice(0, second).filter((name) => name.startsWith('gen'))).toHaveLength(1)
  expect(asked[second - 1]).toBe('getStatusRequest')
})

test('a job that no prover is idle for fails, so that another process may do it', async () => {
  harness = await RemoteHarness.start({ times: { idleWaitMs: 10 } })
  const failed = harness.server.prover.proveBatch(chain.batches[0], watchedControl())
  await expect(failed).rejects.toThrow(ProverFailedError)
  await expect(failed).rejects.toThrow('No prover is idle. waitedMs=10')
})

describe('cancelling', () => {
  test('ends the job at once; the prover is told, and gets work again when it says it is idle', async () => {
    harness = await RemoteHarness.start()
    const { work, open } = gatedWork()
    const dialled = harness.dial('p1', { work })
    const stop = new AbortController()
    const control = watchedControl({ signal: stop.signal })
    const cancelled = harness.server.prover.proveBatch(chain.batches[0], control)
    await control.assigned
    stop.abort(new Error('cancelled by Temporal'))
    await expect(cancelled).rejects.toThrow('cancelled by Temporal')
    await harness.when('p1', ({ state, jobId }) => state === 'busy' && jobId === undefined)
    open()
    expect(await harness.whenIdle('p1')).toMatchObject({ proved: 0, failed: 0, reason: undefined })
    expect(dialled.requests).toContain('cancelRequest')
    const proof = await harness.server.prover.proveBatch(chain.batches[1], watchedControl())
    expect(claimsIn(proof)).toEqual(chain.claims[1])
  })

  test('before a prover is idle takes nothing from anybody', async () => {
    harness = await RemoteHarness.start()
    const stop = new AbortController()
    const cancelled = harness.server.prover.proveBatch(chain.batches[0], watchedControl({ signal: stop.signal }))
    stop.abort(new Error('cancelled by Temporal'))
    await expect(cancelled).rejects.toThrow('cancelled by Temporal')
    const dialled = harness.dial('p1')
    await harness.whenIdle('p1')
    expect(new Set(dialled.requests)).toEqual(new Set(['getStatusRequest']))
  })
})

describe('the result of an earlier attempt', () => {
  test('is collected from its prover by a server that starts in mid-proof', async () => {
    harness = await RemoteHarness.start({ keepsRequest: () => true })
    const { port, prover } = harness.server
    const { work, open } = gatedWork()
    const dialled = harness.dial('p1', { work })
    const control = watchedControl()
    const interrupted = prover.proveBatch(chain.batches[0], control)
    const earlier = await control.assigned
    const lost = expect(interrupted).rejects.toThrow(ProverFailedError)
    await harness.server.close()
    await lost

    const restarted = await RemoteHarness.start({ port })
    try {
      restarted.dial('p2')
      await restarted.whenIdle('p2') // it is not the one
      const later = watchedControl({ earlier })
      const collected = restarted.server.prover.proveBatch(chain.batches[0], later)
      expect(await later.assigned).toEqual(earlier)
      open()
      expect(claimsIn(await collected)).toEqual(chain.claims[0])
      expect(dialled.requests.filter((name) => name === 'genBatchProofRequest')).toHaveLength(1)
      expect(restarted.find('p1')).toMatchObject({ proved: 1, failed: 0 })
    } finally {
      await restarted.close()
    }
  })

  test('is left with the prover when the signal says so, and collected by the next attempt', async () => {
    const shutdown = new Error('WORKER_SHUTDOWN')
    harness = await RemoteHarness.start({ keepsRequest: (reason) => reason === shutdown })
    const { work, open } = gatedWork()
    const dialled = harness.dial('p1', { work })
    const stop = new AbortController()
    const control = watchedControl({ signal: stop.signal })
    const left = harness.server.prover.proveBatch(chain.batches[0], control)
    const earlier = await control.assigned
    stop.abort(shutdown)
    await expect(left).rejects.toThrow('WORKER_SHUTDOWN')
    const collected = harness.server.prover.proveBatch(chain.batches[0], watchedControl({ earlier }))
    open()
    expect(claimsIn(await collected)).toEqual(chain.claims[0])
    expect(dialled.requests).not.toContain('cancelRequest')
    expect(dialled.requests.filter((name) => name === 'genBatchProofRequest')).toHaveLength(1)
  })

  test('is made anew when its prover knows nothing of it', async () => {
    harness = await RemoteHarness.start()
    harness.dial('p1')
    const earlier = { proverId: 'p1', proverName: 'prover p1', proverKind: 'remote', requestId: 'forgotten' } as const
    const proof = await harness.server.prover.proveBatch(chain.batches[0], watchedControl({ earlier }))
    expect(claimsIn(proof)).toEqual(chain.claims[0])
    expect(harness.find('p1')).toMatchObject({ proved: 1, failed: 0, asideUntil: undefined })
  })

  test('is made anew by another prover when its own does not dial in again', async () => {
    harness = await RemoteHarness.start({ times: { collectGraceMs: 10 } })
    harness.dial('p2')
    const earlier = { proverId: 'p1', proverName: 'prover p1', proverKind: 'remote', requestId: 'r' } as const
    const control = watchedControl({ earlier })
    expect(claimsIn(await harness.server.prover.proveBatch(chain.batches[0], control))).toEqual(chain.claims[0])
    expect((await control.assigned).proverId).toBe('p2')
  })
})
