import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { RecordedProcess } from './dataFolder.ts'
import { LogFollower } from './logFollower.ts'
import { findStartTime, identifyProcess, isRunning } from './processIdentity.ts'
import { type ProcessEvent, type ProcessSpec, ProcessStartError, Supervisor } from './supervisor.ts'

const silent = { watch: () => {}, release: () => {}, removeAtEnd: () => {} }
let folder: string
let supervisor: Supervisor
let events: ProcessEvent[]
let running: RecordedProcess[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'zknode-supervisor-'))
  events = []
  running = []
  supervisor = new Supervisor({
    logFolder: folder,
    guardian: silent,
    onEvent: (event) => events.push(event),
    onChange: (now) => {
      running = now
    },
    minBackoffMs: 20,
    maxBackoffMs: 80,
  })
})
afterEach(async () => {
  await supervisor.stop()
  rmSync(folder, { recursive: true })
})

/** A process that appends its name to `order` when it is asked to stop. */
const script = (name: string, body: string, more: Partial<ProcessSpec> = {}): ProcessSpec => ({
  name,
  command: '/bin/sh',
  args: ['-c', body],
  ready: ({ waitForLine }) => waitForLine((line) => line === 'ready'),
  ...more,
})
const SERVE = 'echo ready; while :; do sleep 0.05; done'
const kinds = () => events.map(({ kind }) => kind)

test('a process that is killed is started again', async () => {
  await supervisor.start(script('server', SERVE))
  const first = supervisor.pid('server')!
  process.kill(first, 'SIGKILL')
  await vi.waitFor(() => expect(kinds()).toEqual(['ended', 'restarted']), 5000)
  expect(supervisor.pid('server')).not.toBe(first)
  expect(events[0]).toMatchObject({ name: 'server', reason: 'SIGKILL' })
  expect(running).toMatchObject([{ name: 'server', pid: supervisor.pid('server') }])
})

test('the wait before a restart doubles up to its bound while a process keeps dying', async () => {
  await supervisor.start(script('server', 'echo ready; sleep 0.1; exit 3'))
  await vi.waitFor(() => expect(kinds().filter((kind) => kind === 'ended').length).toBe(4), 10_000)
  const waits = events.flatMap((event) => (event.kind === 'ended' ? [event.restartInMs] : []))
  expect(waits).toEqual([20, 40, 80, 80])
  expect(events[0]).toMatchObject({ reason: 'exit code 3' })
})

test('a first start that fails says why, with the last lines of the log', async () => {
  const start = supervisor.start(script('server', 'echo port is taken >&2; exit 1'))
  await expect(start).rejects.toThrow(ProcessStartError)
  await expect(start).rejects.toThrow(/exit code 1[\s\S]*port is taken/)
})

test('a program that does not exist is an error, not a crash', async () => {
  await expect(supervisor.start(script('server', '', { command: '/no/such/program' }))).rejects.toThrow(/ENOENT/)
})

test('a process that never becomes ready is ended at its bound', async () => {
  const start = supervisor.start(script('server', 'while :; do sleep 0.05; done', { readyTimeoutMs: 200 }))
  await expect(start).rejects.toThrow(/not ready after 0.2 s/)
  await vi.waitFor(() => expect(running).toEqual([]))
})

test('a higher stage has ended before a lower one is asked to', async () => {
  const order = join(folder, 'order')
  writeFileSync(order, '')
  const slow = (name: string, stage: number) =>
    script(name, `trap 'sleep 0.2; echo ${name} >> ${order}; exit 0' TERM; ${SERVE}`, { stage })
  await Promise.all([
    supervisor.start(slow('database', 0)),
    supervisor.start(slow('api', 2)),
    supervisor.start(slow('worker', 1)),
  ])
  await supervisor.stop()
  expect(readFileSync(order, 'utf8').trim().split('\n')).toEqual(['api', 'worker', 'database'])
  expect(events).toEqual([])
})

test('a process that ignores its signal is killed, with what it started', async () => {
  const body = `trap '' TERM; sleep 60 & echo $! > ${folder}/child; ${SERVE}`
  await supervisor.start(script('server', body, { stopTimeoutMs: 200 }))
  const child = identifyProcess(Number(readFileSync(join(folder, 'child'), 'utf8')))
  await supervisor.stop()
  await vi.waitFor(() => expect(isRunning(child)).toBe(false))
})

test('the end of its launcher, even by kill -9, ends a watched process and removes the folder', async () => {
  const doomed = join(folder, 'doomed')
  const program = join(import.meta.dirname, 'guardian.ts')
  const launcher = spawn(
    process.execPath,
    [
      ...['--import', 'tsx', '--input-type=module', '-e'],
      `import { startGuardian } from ${JSON.stringify(program)}
       import { spawn } from 'node:child_process'
       import { mkdirSync } from 'node:fs'
       mkdirSync(${JSON.stringify(doomed)})
       const guardian = startGuardian()
       guardian.removeAtEnd(${JSON.stringify(doomed)})
       const [kept, released] = [0, 1].map(() => spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).pid)
       guardian.watch(kept, 'SIGTERM')
       guardian.watch(released, 'SIGTERM')
       guardian.release(released)
       setTimeout(() => console.log(JSON.stringify({ kept, released })), 100)
       setInterval(() => {}, 1000)`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const [line] = (await once(launcher.stdout, 'data')) as [Buffer]
  const pids = JSON.parse(String(line)) as { kept: number; released: number }
  const [kept, released] = [identifyProcess(pids.kept), identifyProcess(pids.released)]
  launcher.kill('SIGKILL')
  try {
    await vi.waitFor(() => expect(isRunning(kept)).toBe(false), 5000)
    await vi.waitFor(() => expect(spawnSync('test', ['-d', doomed]).status).toBe(1), 5000)
    expect(isRunning(released)).toBe(true)
  } finally {
    process.kill(released.pid, 'SIGKILL')
  }
})

test('a process starts, and starts again, with the priority it is to have; others keep that of the launcher', async () => {
  const niceness = getPriority() + 3
  await supervisor.start(script('server', SERVE, { niceness }))
  await supervisor.start(script('other', SERVE))
  process.kill(supervisor.pid('server')!, 'SIGKILL')
  await vi.waitFor(() => expect(kinds()).toEqual(['ended', 'restarted']), 5000)
  expect(getPriority(supervisor.pid('server')!)).toBe(niceness)
  expect(getPriority(supervisor.pid('other')!)).toBe(getPriority())
})

test.runIf(process.platform === 'linux')('all threads of a process give way, and so does its session', async () => {
  const niceness = getPriority() + 3
  const threads = 'new Worker("setInterval(() => {}, 1000)", { eval: true }).once("online", () => console.log("ready"))'
  const program = `const { Worker } = require('node:worker_threads'); ${threads}`
  await supervisor.start(script('server', '', { command: process.execPath, args: ['-e', program], niceness }))
  const server = supervisor.pid('server')!
  const all = readdirSync(`/proc/${server}/task`).map(Number)
  expect(all.length).toBeGreaterThan(5)
  expect(new Set(all.map(getPriority))).toEqual(new Set([niceness]))
  const session = `/proc/${server}/autogroup`
  if (existsSync(session))
    await vi.waitFor(() => expect(readFileSync(session, 'utf8')).toContain(`nice ${niceness}\n`), 5000)
})

test('a number that was given to another process is not the recorded one', () => {
  const self = identifyProcess(process.pid)
  expect(isRunning(self)).toBe(true)
  expect(isRunning({ ...self, startedAt: 'earlier' })).toBe(false)
  expect(findStartTime(2 ** 22 + 1)).toBeUndefined()
})

test('what processes write is given on, whole lines, to the last one', async () => {
  let text = ''
  const following = new Supervisor({
    ...{ logFolder: folder, guardian: silent, onEvent: () => {}, onChange: () => {} },
    onLines: (lines) => (text += lines),
  })
  writeFileSync(join(folder, 'server.log'), 'of an earlier start\n')
  const body =
    'trap "echo last; exit" TERM; echo ready; printf "be"; sleep 0.3; echo "gun"; while :; do sleep 0.05; done'
  await following.start(script('server', body))
  await vi.waitFor(() => expect(text).toBe('ready\nbegun\n'), 5000)
  await following.stop()
  expect(text).toBe('ready\nbegun\nlast\n')
  expect(readFileSync(join(folder, 'server.log'), 'utf8')).toBe(`of an earlier start\n${text}`)
})

test('a log that was emptied while it is followed is read from its new beginning', () => {
  const path = join(folder, 'emptied.log')
  writeFileSync(path, 'old\n')
  const given: string[] = []
  const follower = new LogFollower(path, (lines) => given.push(lines))
  writeFileSync(path, 'a\nb')
  follower.read()
  follower.read()
  writeFileSync(path, 'a\nbc\n')
  follower.read()
  expect(given).toEqual(['a\n', 'bc\n'])
})
