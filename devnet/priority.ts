import { readdirSync, writeFileSync } from 'node:fs'
import { constants, getPriority, setPriority } from 'node:os'

const AUTOGROUP_TRIES = 30
const AUTOGROUP_RETRY_MS = 150 // Linux lets users change one a tenth of a second

/**
 * Lets a process that was just spawned, and all threads it will have, give way to others when cores are short.
 * `niceness` 1 to 19: the share of a core falls to about a third with each 5. Where the system refuses, nothing happens.
 */
export function lowerPriority(pid: number, niceness: number): void {
  if (process.platform === 'win32') return // it has classes, and its lower ones starve
  try {
    const lowered = Math.max(niceness, getPriority(pid)) // a launcher that gives way itself stays so
    setPriority(pid, lowered)
    if (process.platform !== 'linux') return // elsewhere that was the whole process
    lowerThreads(pid, lowered)
    lowerAutogroup(pid, lowered)
  } catch {} // ended, or not allowed
}

/** Linux lowers a thread, and what it starts later; those it had before are looked for until none is left. */
function lowerThreads(pid: number, niceness: number): void {
  const threads = () => readdirSync(`/proc/${pid}/task`).map(Number)
  for (let left = threads(); left.length > 0; left = threads().filter((thread) => getPriority(thread) < niceness))
    for (const thread of left) setPriority(thread, niceness)
}

/** On desktops Linux shares cores among sessions first: within one of its own, as ours are, niceness alone does nothing. */
function lowerAutogroup(pid: number, niceness: number, tries = AUTOGROUP_TRIES): void {
  try {
    writeFileSync(`/proc/${pid}/autogroup`, String(niceness))
  } catch (error) {
    const isTooSoon = (error as NodeJS.ErrnoException).errno === -constants.errno.EAGAIN
    if (isTooSoon && tries > 1) setTimeout(lowerAutogroup, AUTOGROUP_RETRY_MS, pid, niceness, tries - 1).unref()
  }
}
