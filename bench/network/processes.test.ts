import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { canMeasureProcesses, memoryParts, ProcessMeter, processTree } from './processes.ts'

test('memory in the status of a process is told apart, in MB', () => {
  const status =
    'VmHWM:\t    2000 kB\nVmRSS:\t    1750 kB\nRssAnon:\t    1000 kB\nRssFile:\t     500 kB\nRssShmem:\t     250 kB\n'
  expect(memoryParts(status)).toEqual({ anonymous: 1.024, file: 0.512, shared: 0.256, peak: 2.048 })
  expect(memoryParts('')).toEqual({ anonymous: 0, file: 0, shared: 0, peak: 0 })
})

test.runIf(canMeasureProcesses)(
  'a child belongs to its parent, unless it is watched by a name of its own',
  async () => {
    const child = spawn('cat', { stdio: ['pipe', 'ignore', 'ignore'] })
    await once(child, 'spawn')
    expect(processTree(process.pid)).toContain(child.pid)
    expect(processTree(process.pid, new Set([process.pid, child.pid!]))).not.toContain(child.pid)
    child.stdin.end()
    await once(child, 'exit')
    expect(processTree(child.pid!)).toEqual([])
  },
)

test.runIf(canMeasureProcesses)('CPU time and memory of a process that has ended are still told', async () => {
  const child = spawn(process.execPath, ['-e', 'let n = 0; while (n < 1e7) n++; process.stdin.resume()'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const meter = new ProcessMeter({ it: child.pid! })
  await expect.poll(() => meter.read()['it']!.cpuSeconds).toBeGreaterThan(0.005)
  const seen = meter.read()['it']!
  child.stdin.end()
  await once(child, 'exit')
  const last = meter.read()['it']!
  expect(last.cpuSeconds).toBeGreaterThanOrEqual(seen.cpuSeconds)
  expect(last.peakMb).toBeGreaterThanOrEqual(seen.peakMb)
  meter.stop()
})
