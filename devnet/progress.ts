import { performance } from 'node:perf_hooks'

const QUIET_MS = 15_000

/** What the launcher says while it works: one line per step with its time; long steps report in place on a terminal. */
export type Progress = {
  say: (line: string) => void
  step: <T>(name: string, work: (report: (detail: string) => void) => Promise<T>) => Promise<T>
}

export function createProgress(output: NodeJS.WriteStream = process.stdout): Progress {
  const isTerminal = output.isTTY === true
  let hasStatus = false
  const write = (text: string) => {
    output.write(hasStatus ? `\r\u001b[K${text}` : text)
    hasStatus = false
  }
  const say = (line: string) => write(`${line}\n`)
  return {
    say,
    async step(name, work) {
      const startedAt = performance.now()
      let reportedAt = startedAt
      const report = (detail: string) => {
        if (isTerminal) {
          write(`  … ${name}: ${detail}`)
          hasStatus = true
        } else if (performance.now() - reportedAt > QUIET_MS) {
          reportedAt = performance.now()
          say(`  … ${name}: ${detail}`)
        }
      }
      const result = await work(report)
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
      say(`  ✓ ${name.padEnd(34)} ${seconds.padStart(6)} s`)
      return result
    },
  }
}
