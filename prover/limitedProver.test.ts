import { setImmediate } from 'node:timers/promises'
import { beforeEach, expect, test } from 'vitest'
import { claimsOf, undisturbed } from '#test/proofs.ts'
import { limitProver } from './limitedProver.ts'
import type { JobControl, Prover } from './types.ts'

let running: Map<string, { end: (proof: string) => void; fail: (error: Error) => void }>
let begun: string[]
let prover: Prover
beforeEach(() => {
  running = new Map()
  begun = []
  const unasked = () => Promise.reject(new Error('not asked'))
  const aggregate: Prover['aggregate'] = ({ jobId }) => {
    begun.push(jobId)
    return new Promise((end, fail) => running.set(jobId, { end, fail }))
  }
  prover = limitProver({ kind: 'embedded', proveBatch: unasked, finalize: unasked, aggregate }, 2)
})
const ask = (jobId: string, control: Partial<JobControl> = {}) =>
  prover.aggregate({ jobId, proofs: ['x', 'y'], claims: claimsOf(1, 2) }, { ...undisturbed(), ...control })

test('so many jobs run at once, and the others in the order in which they came', async () => {
  const stages: string[] = []
  const jobs = ['a', 'b', 'c', 'd'].map((jobId) => ask(jobId, { onProgress: ({ stage }) => stages.push(stage) }))
  await setImmediate()
  expect(begun).toEqual(['a', 'b'])
  expect(stages).toEqual(['waiting for its turn', 'waiting for its turn'])
  running.get('b')!.end('of b')
  await setImmediate()
  expect(begun).toEqual(['a', 'b', 'c'])
  running.get('a')!.fail(new Error('broken'))
  await expect(jobs[0]).rejects.toThrow('broken')
  await setImmediate()
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
  running.get('c')!.end('of c')
  running.get('d')!.end('of d')
  expect(await Promise.all(jobs.slice(1))).toEqual(['of b', 'of c', 'of d'])
})

test('a job that is cancelled while it waits leaves the row', async () => {
  const jobs = ['a', 'b'].map((jobId) => ask(jobId))
  const cancellation = new AbortController()
  const cancelled = ask('c', { signal: cancellation.signal })
  const last = ask('d')
  await setImmediate()
  cancellation.abort(new Error('not wanted'))
  await expect(cancelled).rejects.toThrow('not wanted')
  await expect(ask('e', { signal: AbortSignal.abort(new Error('too late')) })).rejects.toThrow('too late')
  for (const jobId of ['a', 'b']) running.get(jobId)!.end(jobId)
  await Promise.all(jobs)
  await setImmediate()
  expect(begun).toEqual(['a', 'b', 'd'])
  running.get('d')!.end('d')
  expect(await last).toBe('d')
})
