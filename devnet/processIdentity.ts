import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A process number may be given again; together with the time of its start it names one process of this machine. */
export type ProcessIdentity = { pid: number; startedAt: string }

/** When the process started, in a form that only this machine understands; undefined when there is no such process. */
export function findStartTime(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      const ps = ['-o', 'lstart=', '-p', String(pid)]
      return execFileSync('ps', ps, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim() || undefined
    }
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // from field 3 on: names may hold spaces
    if (fields[0] === 'Z') return undefined
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${fields[19]}`
  } catch {
    return undefined
  }
}

/** @throws {Error} when there is no such process. */
export function identifyProcess(pid: number): ProcessIdentity {
  const startedAt = findStartTime(pid)
  if (startedAt === undefined) throw new Error(`No process ${pid}.`)
  return { pid, startedAt }
}

/** Whether exactly this process, and not a later one with its number, still runs. */
export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  return findStartTime(pid) === startedAt
}

/** Sends the signal to the whole process group it leads; false when there is none. */
export function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pid, signal)
  } catch {
    return false
  }
}

/** Asks the process by `signal`, then kills its group after `timeoutMs`. */
export async function endProcess(identity: ProcessIdentity, signal: NodeJS.Signals, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs
  if (!isRunning(identity)) return
  try {
    process.kill(identity.pid, signal)
  } catch {
    return
  }
  while (isRunning(identity)) {
    if (Date.now() > deadline) signalGroup(identity.pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
