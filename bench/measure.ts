/** CPU seconds of this process that `work` took, and its result. */
export async function cpuSeconds<T>(work: () => T | Promise<T>): Promise<{ seconds: number; value: T }> {
  const before = process.cpuUsage()
  const value = await work()
  const { user, system } = process.cpuUsage(before)
  return { seconds: (user + system) / 1e6, value }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Runs a piece of work some times after a warm-up and gives the median of its CPU seconds. */
export async function medianCpuSeconds(runs: number, work: () => unknown): Promise<number> {
  await work()
  await new Promise((resolve) => setTimeout(resolve, 300)) // lets the optimizing compiler of WebAssembly take over
  const seconds: number[] = []
  for (let run = 0; run < runs; run++) seconds.push((await cpuSeconds(work)).seconds)
  return median(seconds)
}
