import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** How to ask a process to end: Postgres takes SIGINT (fast shutdown), all others SIGTERM. */
export type StopSignal = 'SIGTERM' | 'SIGINT'
export type Guardian = {
  /** `pid` leads a process group of its own (spawned detached). */
  watch: (pid: number, signal: StopSignal) => void
  /** It ended: its number may soon belong to somebody else. */
  release: (pid: number) => void
  /** A folder that is deleted when this process ends, in whatever way. */
  removeAtEnd: (path: string) => void
}

const script = fileURLToPath(new URL('./guardian.sh', import.meta.url))

/**
 * Starts a shell of about 1 MB that outlives this process and ends the watched ones when this process dies, also by
 * kill -9. It ends by itself when this process ends.
 */
export function startGuardian(): Guardian {
  const shell = spawn('/bin/sh', [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  shell.on('error', () => {})
  shell.stdin.on('error', () => {})
  shell.unref()
  const stdin = shell.stdin as typeof shell.stdin & { unref?: () => void }
  stdin.unref?.()
  const tell = (line: string) => void shell.stdin.write(`${line}\n`)
  return {
    watch: (pid, signal) => tell(`+${pid} ${signal.replace('SIG', '')}`),
    release: (pid) => tell(`-${pid}`),
    removeAtEnd: (path) => tell(`=${path}`),
  }
}
