import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLogger } from '#common/logger.ts'
import { RpcError } from '../../errors.ts'
import { EvmThreadError, ThreadPool } from './threadPool.ts'

const module = new URL('./testing/misbehavingThread.ts', import.meta.url)
const start = (size: number) => new ThreadPool({ module, size, graceMs: 50, logger: createLogger('test', 'silent') })

let pool: ThreadPool
beforeEach(async () => {
  pool = start(1)
  await pool.ready
})
afterEach(() => pool.close())

const ask = (kind: string, request: unknown = undefined, timeoutMs = 20_000, signal?: AbortSignal) =>
  pool.run(kind, request, { timeoutMs, signal })

test('a job gets what it was asked with, and its answer comes back', async () => {
  const request = { wei: 2n ** 200n, bytes: Uint8Array.of(1, 2), byName: new Map([['a', 1n]]) }
  expect(await ask('echo', request)).toEqual(request)
})

test('an error for the caller keeps code, text and data; another one is told by its text', async () => {
  const refused = await ask('refuse').catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(RpcError)
  expect(refused).toMatchObject({ code: 3, shortMessage: 'execution reverted', data: '0x12' })
  const failed = await ask('fail').catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(EvmThreadError)
  expect(failed).toMatchObject({ shortMessage: expect.stringContaining('TypeError: no such thing') })
})

test('a job that waits past its time is cancelled, and its thread goes on', async () => {
  const other = ask('later', 300)
  await expect(ask('wait', undefined, 1)).rejects.toMatchObject({ code: -32002, shortMessage: 'request timed out' })
  expect(await other).toBe('done')
})

test('a job that hangs is ended with its thread; what else the thread had begun starts anew', async () => {
  const other = ask('later', 200)
  await expect(ask('hang', undefined, 1)).rejects.toMatchObject({ code: -32002 })
  expect(await other).toBe('done')
})

test('a thread that dies fails its jobs with a clear error and is replaced', async () => {
  const others = ask('wait').catch((error: unknown) => error)
  await expect(ask('exit')).rejects.toThrow('The thread ended in the middle of a job. code=7')
  expect(await others).toBeInstanceOf(EvmThreadError)
  expect(await ask('echo', 'again')).toBe('again')
})

test('its load tells what waits, what runs and what nobody waits for any more', async () => {
  await pool.close()
  pool = start(1)
  const controller = new AbortController()
  const jobs = ['wait', 'wait', 'hang'].map((kind) =>
    ask(kind, undefined, 20_000, controller.signal).catch((error: Error) => error.message),
  )
  expect(pool.load).toEqual({ waiting: 3, running: 0, leaving: 0 })
  await pool.ready
  expect(pool.load).toEqual({ waiting: 0, running: 3, leaving: 0 })
  controller.abort(new Error('gone'))
  expect(pool.load).toEqual({ waiting: 0, running: 0, leaving: 3 })
  expect(await Promise.all(jobs)).toEqual(['gone', 'gone', 'gone'])
  expect(await ask('echo', 'from the thread that replaces it')).toBe('from the thread that replaces it')
  expect(pool.load).toEqual({ waiting: 0, running: 0, leaving: 0 })
})

test('a caller that is gone ends its job', async () => {
  const controller = new AbortController()
  const waiting = ask('wait', undefined, 20_000, controller.signal)
  controller.abort(new Error('gone'))
  await expect(waiting).rejects.toThrow('gone')
  await expect(ask('echo', 1, 20_000, controller.signal)).rejects.toThrow('gone')
  expect(await ask('echo', 'here')).toBe('here')
})

test('many jobs of one connection share a signal without a warning', async () => {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  const controller = new AbortController()
  const waiting = Array.from({ length: 20 }, () => ask('wait', undefined, 20_000, controller.signal))
  expect(await ask('echo', 1)).toBe(1)
  controller.abort(new Error('gone'))
  expect((await Promise.allSettled(waiting)).map(({ status }) => status)).toEqual(Array(20).fill('rejected'))
  process.off('warning', note)
  expect(warnings).toEqual([])
})

test('jobs are spread over the threads', async () => {
  await pool.close()
  pool = start(2)
  await pool.ready
  const hanging = ask('hang', undefined, 2000).catch((error: unknown) => error)
  expect(await ask('echo', 'meanwhile')).toBe('meanwhile')
  expect(await hanging).toMatchObject({ code: -32002 })
})

test('a thread that cannot start is told', async () => {
  const broken = new ThreadPool({
    ...{ module: new URL('./testing/noSuchModule.ts', import.meta.url), size: 1 },
    logger: createLogger('test', 'silent'),
  })
  await expect(broken.ready).rejects.toThrow(EvmThreadError)
  await broken.close()
})
