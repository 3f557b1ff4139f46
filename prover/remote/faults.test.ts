import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Random } from '#test/fuzz/random.ts'
import { gatedWork, RemoteHarness, watchedControl } from '#test/remoteProver/harness.ts'
import { MISBEHAVIOURS, type Misbehaviour } from '#test/remoteProver/misbehaviours.ts'
import { type ProvenChain, proveSmallChain } from '#test/remoteProver/provenChain.ts'
import { pickClaims } from '../claims.ts'
import { ProverFailedError } from '../errors.ts'
import { decodeAttestationProof } from '../proofCodec.ts'
import type { JobControl, Prover } from '../types.ts'

let chain: ProvenChain
beforeAll(async () => {
  chain = await proveSmallChain()
})
let harness: RemoteHarness
afterEach(() => harness.close())

type Kind = 'batch' | 'aggregated' | 'final'
/** The claims of what came out. */
const JOBS: Record<Kind, (prover: Prover, control: JobControl) => Promise<object>> = {
  batch: async (prover, control) =>
    pickClaims(decodeAttestationProof(await prover.proveBatch(chain.batches[0], control))),
  aggregated: async (prover, control) =>
    pickClaims(decodeAttestationProof(await prover.aggregate(chain.aggregation, control))),
  final: async (prover, control) => (await prover.finalize(chain.final, control)).publicInputs,
}
const expected = (kind: Kind) => (kind === 'batch' ? chain.claims[0] : chain.joined)

const zeros = `0x${'00'.repeat(32)}`
const newRoot = '0x3cddf90244459af0b8d26663d41ff0a0c15d7e933a9c34a343e2614c1a745b97'
const DEADLINE_MS = 1000

describe('a prover that misbehaves is put aside with the reason, and another one does its job', () => {
  const cases: [Misbehaviour, Kind, string | RegExp][] = [
    ['hang', 'batch', `No answer to getProofRequest within ${DEADLINE_MS} ms.`],
    ['wrong-root', 'batch', `Proved something else. field=newStateRoot stated=${zeros} expected=${newRoot}`],
    ['wrong-root', 'aggregated', /^Proved something else. field=newStateRoot stated=0x0{64} expected=0x[0-9a-f]{64}$/],
    ['wrong-root', 'final', /^Proved something else. field=newStateRoot stated=0x0{64} expected=0x[0-9a-f]{64}$/],
    ['wrong-signature', 'batch', /^The proof is not signed by the attester it names. field=signature claimed=0x/],
    ['garbage', 'batch', 'Sent 32 bytes that are no ProverMessage.'],
    ['wrong-answer', 'batch', 'Answered getProofRequest with cancelResponse.'],
    ['oversize', 'batch', 'The proof is not JSON. length=8000000'],
    ['oversize', 'final', 'The final proof is not 0x and 1536 hex digits. length=8000000 start=ffffffffffff'],
    ['empty', 'batch', 'Gave an empty proof.'],
    ['empty', 'final', 'The final proof is not 0x and 1536 hex digits. length=0 start='],
    ['disconnect', 'batch', 'Dropped its stream in mid-proof.'],
    ['old-id', 'batch', 'Answered getProofRequest under the id of an older request.'],
    ['other-result', 'batch', /^Answered getProofRequest for wrong-[0-9a-f]{16} with the result of wrong-other.$/],
    ['refuse', 'batch', 'Refused the inputs: RESULT_ERROR to genBatchProofRequest.'],
    ['refuse', 'aggregated', 'Refused the inputs: RESULT_ERROR to genAggregatedProofRequest.'],
    ['refuse', 'final', 'Refused the inputs: RESULT_ERROR to genFinalProofRequest.'],
    ['lose', 'batch', 'Lost the request: RESULT_ERROR (invalid UUID) to getProofRequest.'],
    ['fail', 'batch', 'Could not prove: RESULT_COMPLETED_ERROR (the prover ran out of memory).'],
  ]
  test.each(cases)('%s, %s proof', async (misbehaviour, kind, reason) => {
    harness = await RemoteHarness.start(misbehaviour === 'hang' ? { times: { answerDeadlineMs: DEADLINE_MS } } : {})
    const { prover } = harness.server
    harness.dialWrong('wrong', misbehaviour)
    await harness.whenIdle('wrong')
    const failed = JOBS[kind](prover, watchedControl())
    await expect(failed).rejects.toThrow(ProverFailedError)
    const told = typeof reason === 'string' ? reason : expect.stringMatching(reason)
    expect(harness.find('wrong')).toMatchObject({ reason: told, failed: 1, proved: 0 })
    await expect(failed).rejects.toThrow(/^The prover did not do its work. proverId=wrong proverName=prover wrong .*/)
    await expect(failed).rejects.toThrow(typeof reason === 'string' ? `reason=${reason}` : /reason=/)

    harness.dial('sound')
    const control = watchedControl()
    expect(await JOBS[kind](prover, control)).toEqual(expected(kind))
    expect(await control.assigned).toMatchObject({ proverId: 'sound' })
    // Dialling in again does not help.
    expect(await harness.when('wrong', ({ state }) => state === 'aside')).toMatchObject({ reason: told, failed: 1 })
  })
})

test('a slow prover is waited for', async () => {
  harness = await RemoteHarness.start()
  harness.dialWrong('slow', 'slow')
  expect(await JOBS.batch(harness.server.prover, watchedControl())).toEqual(chain.claims[0])
  expect(harness.find('slow')).toMatchObject({ proved: 1, failed: 0 })
})

test('a prover past the deadline of the proof is told to stop and put aside', async () => {
  harness = await RemoteHarness.start({ times: { proofDeadlineMs: { batch: 50, aggregated: 9e9, final: 9e9 } } })
  const dialled = harness.dial('p1', { work: gatedWork().work })
  const failed = JOBS.batch(harness.server.prover, watchedControl())
  await expect(failed).rejects.toThrow('reason=No proof within 50 ms.')
  expect(harness.find('p1')).toMatchObject({ state: 'aside', reason: 'No proof within 50 ms.' })
  await expect.poll(() => dialled.requests).toContain('cancelRequest')
})

test('a prover of another fork is sent away, with the reason told to both sides', async () => {
  harness = await RemoteHarness.start()
  const reason = 'It is of fork 10, the network of fork 9.'
  const dialled = harness.dialWrong('p1', 'wrong-fork')
  const view = await harness.when('p1', ({ state }) => state === 'gone')
  expect(view).toMatchObject({ forkId: 10, reason, asideUntil: undefined })
  await expect.poll(() => dialled.endings[0]).toBe(reason)
  expect(dialled.requests.slice(0, 2)).toEqual(['getStatusRequest', 'getStatusRequest'])
})

test('a second stream of the same prover takes the place of the first', async () => {
  harness = await RemoteHarness.start()
  const first = harness.dial('p1', { reconnectMs: 3_600_000 })
  await harness.whenIdle('p1')
  harness.dial('p1')
  await expect.poll(() => first.endings[0]).toBe('The prover dialled in anew.')
  expect(harness.server.list().map(({ proverId, state }) => `${proverId} ${state}`)).toEqual(['p1 idle'])
  expect(await JOBS.batch(harness.server.prover, watchedControl())).toEqual(chain.claims[0])
})

test('an operator takes a prover back before its time', async () => {
  harness = await RemoteHarness.start()
  harness.dialWrong('p1', 'fail', { probability: 1, misbehaviours: ['fail'] })
  await expect(JOBS.batch(harness.server.prover, watchedControl())).rejects.toThrow(ProverFailedError)
  await harness.when('p1', ({ state }) => state === 'aside')
  expect(harness.server.release('p1')).toBe(true)
  expect(await harness.whenIdle('p1')).toMatchObject({ reason: undefined, asideUntil: undefined, failed: 1 })
  expect(harness.server.release('nobody')).toBe(false)
})

test('a prover is back by itself when its time is over', async () => {
  harness = await RemoteHarness.start({ aside: { baseMs: 30, maximumMs: 30 } })
  harness.dialWrong('p1', 'refuse')
  await expect(JOBS.batch(harness.server.prover, watchedControl())).rejects.toThrow(ProverFailedError)
  expect(await harness.whenIdle('p1')).toMatchObject({ failed: 1, asideUntil: undefined })
})

test('forty jobs come out right with four provers that misbehave at random', async () => {
  harness = await RemoteHarness.start({
    aside: { baseMs: 10, maximumMs: 40 },
    times: { answerDeadlineMs: DEADLINE_MS },
  })
  const { prover } = harness.server
  const misbehaviours = Object.keys(MISBEHAVIOURS) as Misbehaviour[]
  for (const seed of [1, 2, 3, 4])
    harness.dial(`p${seed}`, { random: new Random(seed), misbehaviours, probability: 0.3, slowMs: 50 })
  const kinds = Array.from({ length: 40 }, (_, index) => (['batch', 'aggregated', 'final'] as const)[index % 3]!)
  const repeatUntilProved = async (kind: Kind): Promise<object> => {
    for (;;)
      try {
        return await JOBS[kind](prover, watchedControl())
      } catch (error) {
        expect(error).toBeInstanceOf(ProverFailedError)
      }
  }
  expect(await Promise.all(kinds.map(repeatUntilProved))).toEqual(kinds.map(expected))
  const views = harness.server.list()
  expect(views.reduce((sum, { proved }) => sum + proved, 0)).toBe(40)
  expect(views.filter(({ failed }) => failed > 0).length).toBeGreaterThan(0)
})
