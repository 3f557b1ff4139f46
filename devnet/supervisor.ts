import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { NodeError } from '#common/errors.ts'
import type { RecordedProcess } from './dataFolder.ts'
import type { Guardian, StopSignal } from './guardian.ts'
import { lastLines, openLog, readFrom, sizeOf, trimLog } from './logFile.ts'
import { LogFollower } from './logFollower.ts'
import { lowerPriority } from './priority.ts'
import { findStartTime, signalGroup } from './processIdentity.ts'

/** A process ended, or was not ready in time, during its first start. The message ends with its last output. */
export class ProcessStartError extends NodeError {
  override readonly name = 'ProcessStartError'
}

/** What a readiness check may use. `signal` aborts when the process ends. */
export type Starting = { signal: AbortSignal; waitForLine: (matches: (line: string) => boolean) => Promise<void> }

export type ProcessSpec = {
  /** Also names its log file. */
  name: string
  command: string
  args: readonly string[]
  /** Its whole environment; default: that of this process. */
  env?: NodeJS.ProcessEnv | undefined
  cwd?: string
  uid?: number | undefined
  gid?: number | undefined
  /** 1 to 19: gives way to the others when cores are short. Default: that of this process. */
  niceness?: number
  stopSignal?: StopSignal
  /** Killed when it has not ended by then. Default 10 s. */
  stopTimeoutMs?: number
  /** Called before each start, restarts included. */
  beforeStart?: () => void
  /** Resolves when it works. */
  ready: (starting: Starting) => Promise<void>
  /** Default 60 s. */
  readyTimeoutMs?: number
  /** Processes of a higher stage stop before those of a lower one. Default 0. */
  stage?: number
}

export type ProcessEvent =
  | { kind: 'ended'; name: string; reason: string; restartInMs: number; lines: readonly string[] }
  | { kind: 'restarted'; name: string; afterMs: number }

export type SupervisorOptions = {
  logFolder: string
  guardian: Guardian
  onEvent: (event: ProcessEvent) => void
  /** Called at every start and end with what runs now. */
  onChange: (running: RecordedProcess[]) => void
  /** Called with what processes write, whole lines of one of them at a time. They go to the log files in any case. */
  onLines?: (lines: string) => void
  /** Wait before the first restart; doubles up to `maxBackoffMs`, and starts again after a minute of good work. */
  minBackoffMs?: number
  maxBackoffMs?: number
}

type Managed = {
  spec: ProcessSpec
  logPath: string
  child?: ChildProcess | undefined
  record?: RecordedProcess | undefined
  ended: Promise<string>
  failures: number
  readyAt: number
  timer?: NodeJS.Timeout | undefined
}

const STABLE_MS = 60_000
const LOG_CHECK_MS = 30_000
const FOLLOW_MS = 200

/** Starts processes, restarts those that die, and stops all of them in order. Their output goes to files. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #processes = new Map<string, Managed>()
  readonly #followers = new Map<string, LogFollower>()
  readonly #timers: NodeJS.Timeout[]
  #stopping = false

  constructor(options: SupervisorOptions) {
    this.#options = options
    mkdirSync(options.logFolder, { recursive: true })
    const every = (ms: number, work: () => void) => setInterval(work, ms).unref()
    this.#timers = [every(LOG_CHECK_MS, () => this.#trimLogs()), every(FOLLOW_MS, () => this.#followLogs())]
  }

  /** Resolves when the process is ready; from then on it is kept running. @throws {ProcessStartError} */
  async start(spec: ProcessSpec): Promise<void> {
    if (this.#stopping) throw new ProcessStartError(`${spec.name} was not started: the network stops.`)
    const logPath = join(this.#options.logFolder, `${spec.name}.log`)
    const managed: Managed = { spec, logPath, ended: Promise.resolve(''), failures: 0, readyAt: 0 }
    this.#processes.set(spec.name, managed)
    const { onLines } = this.#options
    if (onLines !== undefined) this.#followers.set(spec.name, new LogFollower(logPath, onLines))
    await this.#launch(managed)
    this.#keepRunning(managed)
  }

  /** Process number of a running process, for reports and tests. */
  pid(name: string): number | undefined {
    return this.#processes.get(name)?.child?.pid
  }

  /** Ends all processes, stage by stage, and starts none any more. Safe to call again: then it waits for the same end. */
  async stop(): Promise<void> {
    this.#stopping = true
    for (const timer of this.#timers) clearInterval(timer)
    const stages = new Set([...this.#processes.values()].map(({ spec }) => spec.stage ?? 0))
    for (const stage of [...stages].sort((a, b) => b - a)) {
      const members = [...this.#processes.values()].filter(({ spec }) => (spec.stage ?? 0) === stage)
      await Promise.all(members.map((managed) => this.#stopOne(managed)))
      this.#followLogs()
    }
  }

  /** For users in a hurry: no process gets time to end well. */
  kill(): void {
    this.#stopping = true
    for (const { record } of this.#processes.values()) if (record) signalGroup(record.pid, 'SIGKILL')
  }

  #trimLogs(): void {
    this.#followLogs()
    for (const { logPath } of this.#processes.values()) trimLog(logPath)
  }

  #followLogs(): void {
    for (const follower of this.#followers.values()) follower.read()
  }

  async #launch(managed: Managed): Promise<void> {
    const { spec, logPath } = managed
    spec.beforeStart?.()
    const log = openLog(logPath)
    const offset = sizeOf(logPath)
    const child = spawn(spec.command, spec.args, {
      detached: true, // a group of its own: Ctrl-C of the terminal reaches only the launcher
      stdio: ['ignore', log, log],
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
      ...(spec.env === undefined ? {} : { env: spec.env }),
      ...(spec.uid === undefined ? {} : { uid: spec.uid }),
      ...(spec.gid === undefined ? {} : { gid: spec.gid }),
    })
    if (child.pid !== undefined && spec.niceness !== undefined) lowerPriority(child.pid, spec.niceness)
    closeSync(log)
    const end = new AbortController()
    managed.child = child
    managed.ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error.message))
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal))
    })
    void managed.ended.then(() => {
      end.abort()
      if (child.pid !== undefined) {
        signalGroup(child.pid, 'SIGKILL') // what it started itself
        this.#options.guardian.release(child.pid)
      }
      managed.child = undefined
      managed.record = undefined
      this.#reportChange()
    })
    if (child.pid !== undefined) {
      const signal = spec.stopSignal ?? 'SIGTERM'
      this.#options.guardian.watch(child.pid, signal)
      const startedAt = findStartTime(child.pid)
      // Without one it has ended already: `ended` tells why.
      if (startedAt !== undefined) managed.record = { name: spec.name, pid: child.pid, startedAt, signal }
      this.#reportChange()
    }
    await this.#waitReady(managed, offset, end.signal)
    managed.readyAt = Date.now()
  }

  async #waitReady({ spec, logPath, ended, child }: Managed, offset: number, signal: AbortSignal): Promise<void> {
    const timeoutMs = spec.readyTimeoutMs ?? 60_000
    const waitForLine = (matches: (line: string) => boolean) => waitForLogLine(logPath, offset, matches, signal)
    const ready = spec.ready({ signal, waitForLine })
    const fail = (what: string) => {
      const output = lastLines(logPath, offset).map((line) => `  ${line}`)
      return new ProcessStartError([`${spec.name} ${what}. Its log: ${logPath}`, ...output].join('\n'))
    }
    let timer: NodeJS.Timeout | undefined
    try {
      await Promise.race([
        ready,
        ended.then((reason) => Promise.reject(fail(`ended while it started (${reason})`))),
        new Promise<never>((_, reject) => {
          timer = setTimeout(() => reject(fail(`was not ready after ${timeoutMs / 1000} s`)), timeoutMs)
        }),
      ])
    } catch (error) {
      ready.catch(() => {})
      if (child?.pid !== undefined) signalGroup(child.pid, 'SIGKILL')
      throw error
    } finally {
      clearTimeout(timer)
    }
  }

  #keepRunning(managed: Managed): void {
    const { minBackoffMs = 500, maxBackoffMs = 30_000, onEvent } = this.#options
    const { name } = managed.spec
    void managed.ended.then((reason) => {
      if (this.#stopping) return
      const diedAt = Date.now()
      managed.failures = diedAt - managed.readyAt > STABLE_MS ? 1 : managed.failures + 1
      const restartInMs = Math.min(maxBackoffMs, minBackoffMs * 2 ** (managed.failures - 1))
      onEvent({ kind: 'ended', name, reason, restartInMs, lines: lastLines(managed.logPath, 0, 5) })
      managed.timer = setTimeout(async () => {
        if (this.#stopping) return
        try {
          await this.#launch(managed)
          if (!this.#stopping) onEvent({ kind: 'restarted', name, afterMs: Date.now() - diedAt })
        } catch {
          managed.readyAt = Date.now() // counts as one more failure: #keepRunning waits longer
        }
        this.#keepRunning(managed)
      }, restartInMs)
    })
  }

  async #stopOne(managed: Managed): Promise<void> {
    clearTimeout(managed.timer)
    const { spec, record, ended } = managed
    if (record === undefined) return
    try {
      process.kill(record.pid, spec.stopSignal ?? 'SIGTERM')
    } catch {} // it has just ended
    const timer = setTimeout(() => signalGroup(record.pid, 'SIGKILL'), spec.stopTimeoutMs ?? 10_000)
    await ended
    clearTimeout(timer)
  }

  #reportChange(): void {
    this.#options.onChange([...this.#processes.values()].flatMap(({ record }) => record ?? []))
  }
}

async function waitForLogLine(
  path: string,
  offset: number,
  matches: (line: string) => boolean,
  signal: AbortSignal,
): Promise<void> {
  for (let seen = offset; ; ) {
    const bytes = readFrom(path, seen)
    const whole = bytes.lastIndexOf(0x0a) + 1
    seen += whole
    if (bytes.toString('utf8', 0, whole).split('\n').some(matches)) return
    await new Promise((resolve) => setTimeout(resolve, 50))
    signal.throwIfAborted()
  }
}
