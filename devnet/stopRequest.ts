import { findStartTime } from './processIdentity.ts'

const NPM_CHECK_MS = 1000

export type StopRequest = {
  /** Resolves at the first Ctrl-C, SIGTERM, closed terminal, or when npm was killed. */
  requested: Promise<undefined>
  wasRequested: () => boolean
  /** Called when the user asks again. */
  onSecond: (handler: () => void) => void
}

/** Takes the signals of this process from now on. */
export function stopRequest({ isUnderNpm }: { isUnderNpm: boolean }): StopRequest {
  let count = 0
  let second = () => {}
  const { promise: requested, resolve } = withResolvers()
  const ask = () => {
    count += 1
    if (count === 1) resolve(undefined)
    else second()
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask)
  // A terminal that is gone must not end the launcher before it has stopped the others.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  if (isUnderNpm) {
    // The script starts with `exec`: the parent is npm itself, not a shell.
    const parent = process.ppid
    const startedAt = findStartTime(parent)
    const timer = setInterval(() => {
      if (process.ppid === parent && findStartTime(parent) === startedAt) return
      clearInterval(timer)
      ask()
    }, NPM_CHECK_MS)
    timer.unref()
  }
  return { requested, wasRequested: () => count > 0, onSecond: (handler) => (second = handler) }
}

function withResolvers(): { promise: Promise<undefined>; resolve: (value: undefined) => void } {
  let resolve: (value: undefined) => void = () => {}
  const promise = new Promise<undefined>((given) => {
    resolve = given
  })
  return { promise, resolve }
}
