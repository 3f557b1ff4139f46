import { afterEach, beforeAll, expect, test } from 'vitest'
import { pickClaims } from '#prover/claims.ts'
import { decodeAttestationProof } from '#prover/proofCodec.ts'
import type { BatchJob, Claims } from '#prover/types.ts'
import { ATTESTERS, DOMAIN } from '#test/proofs.ts'
import { AGGREGATOR, RemoteHarness, watchedControl } from '#test/remoteProver/harness.ts'
import { buildSmallChain } from '#test/smallChain.ts'
import { joinClaims } from '../claims.ts'
import { readFinalSigners } from '../finalProof.ts'
import { reexecuteBatch } from '../reexecuteBatch.ts'

let jobs: [BatchJob, BatchJob]
let claims: [Claims, Claims]
beforeAll(async () => {
  const { batches } = await buildSmallChain()
  jobs = [
    { jobId: 'batch-1', ...batches[0].job },
    { jobId: 'batch-2', ...batches[1].job },
  ]
  claims = [await reexecuteBatch(batches[0].job), await reexecuteBatch(batches[1].job)]
})

let harness: RemoteHarness
afterEach(() => harness.close())

test('drives a prover through two batch proofs, their aggregation and the final proof', async () => {
  harness = await RemoteHarness.start()
  const dialled = harness.dial('p1')
  const { prover } = harness.server
  const control = watchedControl()
  const first = await prover.proveBatch(jobs[0], control)
  const second = await prover.proveBatch(jobs[1], watchedControl())
  expect(pickClaims(decodeAttestationProof(first))).toEqual(claims[0])
  expect(pickClaims(decodeAttestationProof(second))).toEqual(claims[1])
  const joined = joinClaims(...claims)
  const run = await prover.aggregate({ jobId: 'run', proofs: [first, second], claims: joined }, watchedControl())
  expect(pickClaims(decodeAttestationProof(run))).toEqual(joined)
  const final = await prover.finalize(
    { jobId: 'final', proof: run, claims: joined, aggregator: AGGREGATOR },
    watchedControl(),
  )
  expect(final).toMatchObject({ aggregator: AGGREGATOR, publicInputs: joined })
  expect(readFinalSigners(DOMAIN, final)).toEqual([ATTESTERS[0]!.address])
  const by = { proverId: 'p1', proverName: 'prover p1', proverKind: 'remote' }
  expect(control.assignments).toEqual([by, { ...by, requestId: expect.stringMatching(/^p1-[0-9a-f]{16}$/) }])
  expect(await harness.whenIdle('p1')).toMatchObject({
    ...{ name: 'prover p1', state: 'idle', proved: 4, failed: 0, forkId: 9, cores: 4, memoryBytes: 16 * 2 ** 30 },
    ...{ jobId: undefined, reason: undefined, asideUntil: undefined, freeMemoryBytes: 8 * 2 ** 30 },
  })
  expect(dialled.requests.slice(0, 5)).toEqual([
    'getStatusRequest',
    'getStatusRequest',
    'getStatusRequest',
    'genBatchProofRequest',
    'getProofRequest',
  ])
})
