import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestDatabase } from '#test/database.ts'
import type { Database } from './client.ts'
import { answerReleases, ProverReleaseError, ProverUnknownError, requestRelease } from './proverRelease.ts'
import { upsertProver } from './provers.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
  const connectedAt = new Date()
  await upsertProver(db, { proverId: 'p1', name: 'farm', kind: 'remote', state: 'aside', connectedAt })
  await upsertProver(db, { proverId: 'p2', name: 'farm', kind: 'remote', state: 'aside', connectedAt })
  await upsertProver(db, { proverId: 'e1', name: 'own', kind: 'embedded', state: 'idle', connectedAt })
})
afterAll(() => close())
const unexpected = (error: unknown) => expect.unreachable(String(error))

test('the process that knows the prover hears it, and the caller hears that', async () => {
  const heard: string[] = []
  const knows = (known: string) => (proverId: string) => {
    heard.push(`${known} hears ${proverId}`)
    return proverId === known
  }
  const stops = [await answerReleases(db, knows('p1'), unexpected), await answerReleases(db, knows('p2'), unexpected)]
  await requestRelease(db, 'p2')
  expect(heard.sort()).toEqual(['p1 hears p2', 'p2 hears p2'])
  for (const stop of stops) await stop()
})

test('nobody who knows the prover', async () => {
  const stop = await answerReleases(db, () => false, unexpected)
  const refused = requestRelease(db, 'p1', 50)
  await expect(refused).rejects.toThrow(ProverReleaseError)
  await expect(refused).rejects.toThrow('No aggregator process knows this prover')
  await stop()
})

test('an id that nobody had, and a prover that is never put aside', async () => {
  await expect(requestRelease(db, 'p9')).rejects.toThrow(ProverUnknownError)
  await expect(requestRelease(db, 'p9')).rejects.toThrow('`zknode proofs provers` lists their ids. proverId=p9')
  await expect(requestRelease(db, 'e1')).rejects.toThrow('An embedded prover is never put aside')
})
