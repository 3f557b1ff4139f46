import { readdirSync, readFileSync } from 'node:fs'
import { cpus } from 'node:os'

const SAMPLE_MS = 250

/** MB is 10^6 bytes. Of a process with children: all of them, shared memory counted once. */
export type ProcessUse = { cpuSeconds: number; memoryMb: number; peakMb: number }

/** CPU time is kept per thread, so that what ended between two samples is lost only from the last one on. */
type Watched = { root: number; threads: Map<string, number>; memoryMb: number; peakMb: number }

/** Whether this system tells what processes use: Linux does. */
export const canMeasureProcesses = process.platform === 'linux'

/** CPU time and memory of processes and their descendants, from /proc. */
export class ProcessMeter {
  readonly #watched: Map<string, Watched>
  readonly #timer: NodeJS.Timeout | undefined

  /** @param roots process numbers by name */
  constructor(roots: Readonly<Record<string, number>>) {
    const watch = (root: number): Watched => ({ root, threads: new Map(), memoryMb: 0, peakMb: 0 })
    this.#watched = new Map(Object.entries(roots).map(([name, root]) => [name, watch(root)]))
    if (canMeasureProcesses) this.#timer = setInterval(() => this.#sample(), SAMPLE_MS).unref()
  }

  /** Use until now, by name; CPU time is that of the whole life of processes alive at the first sample. */
  read(): Record<string, ProcessUse> {
    this.#sample()
    return Object.fromEntries(
      [...this.#watched].map(([name, { threads, memoryMb, peakMb }]) => {
        const nanoseconds = [...threads.values()].reduce((sum, value) => sum + value, 0)
        return [name, { cpuSeconds: nanoseconds / 1e9, memoryMb, peakMb }]
      }),
    )
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  #sample(): void {
    if (!canMeasureProcesses) return
    const roots = new Set([...this.#watched.values()].map(({ root }) => root))
    for (const watched of this.#watched.values()) {
      const members = processTree(watched.root, roots)
      for (const pid of members) for (const [thread, time] of threadTimes(pid)) watched.threads.set(thread, time)
      const { memoryMb, peakMb } = memoryOf(members)
      watched.memoryMb = memoryMb
      watched.peakMb = Math.max(watched.peakMb, peakMb)
    }
  }
}

/** Seconds that all CPUs have worked since the machine started, for whomever: tells a busy machine. */
export function machineCpuSeconds(): number {
  const busy = cpus().map(({ times: { user, nice, sys, irq } }) => user + nice + sys + irq)
  return busy.reduce((sum, milliseconds) => sum + milliseconds, 0) / 1000
}

/** The process and its descendants, without those that are `roots` of their own, and without what has ended. */
export function processTree(root: number, roots: ReadonlySet<number> = new Set()): number[] {
  const tasks = list(`/proc/${root}/task`)
  if (tasks.length === 0) return []
  const children = tasks.flatMap((task) =>
    read(`/proc/${root}/task/${task}/children`).split(' ').filter(Boolean).map(Number),
  )
  return [root, ...children.filter((child) => !roots.has(child)).flatMap((child) => processTree(child, roots))]
}

/** Nanoseconds on a CPU of each thread: exact, while utime and stime count ticks. */
function threadTimes(pid: number): [string, number][] {
  return list(`/proc/${pid}/task`).flatMap((task): [string, number][] => {
    const [time] = read(`/proc/${pid}/task/${task}/schedstat`).split(' ')
    return time ? [[`${pid}/${task}`, Number(time)]] : []
  })
}

/**
 * A single process knows its peak since it started. Of several it is the largest sum that a sample found, without what
 * they share: the pages of Postgres's buffers appear in each of its processes.
 */
function memoryOf(pids: readonly number[]): { memoryMb: number; peakMb: number } {
  const parts = pids.map((pid) => memoryParts(read(`/proc/${pid}/status`)))
  const sum = parts.reduce((total, { anonymous }) => total + anonymous, 0)
  const memoryMb =
    sum + Math.max(0, ...parts.map(({ file }) => file)) + Math.max(0, ...parts.map(({ shared }) => shared))
  return { memoryMb, peakMb: parts.length === 1 ? parts[0]!.peak : memoryMb }
}

/** Of the text of /proc/PID/status, in MB. */
export function memoryParts(status: string): { anonymous: number; file: number; shared: number; peak: number } {
  const field = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024) / 1e6
  return { anonymous: field('RssAnon'), file: field('RssFile'), shared: field('RssShmem'), peak: field('VmHWM') }
}

/** Empty when the process has just ended. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
