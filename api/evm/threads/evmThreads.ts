import type { Logger } from '#common/logger.ts'
import { busy } from '../../errors.ts'
import { evmJobs, type JobKind, type JobRequest, type JobResponse } from './jobs.ts'
import { type ThreadLoad, ThreadPool } from './threadPool.ts'
import type { ThreadSettings } from './worker.ts'

export type JobLimits = {
  timeoutMs: number
  /** Aborted when nobody waits for the answer any more. */
  signal?: AbortSignal | undefined
}

/** Does what takes the EVM, off the event loop of the process. */
export interface EvmThreads {
  /** @throws {RpcError} 'request timed out'; 'busy' when too many traces run already; what the job threw */
  run<Kind extends JobKind>(kind: Kind, request: JobRequest<Kind>, limits: JobLimits): Promise<JobResponse<Kind>>
  readonly load: ThreadLoad
  /** Threads that take jobs now. */
  readonly readyThreads: number
  /** When jobs are taken. */
  readonly ready: Promise<void>
  close(): Promise<void>
}

export type EvmThreadsOptions = ThreadSettings & { threads: number; maxTraces: number; logger: Logger }

export function createEvmThreads({ threads, maxTraces, logger, ...settings }: EvmThreadsOptions): EvmThreads {
  const module = new URL('./worker.ts', import.meta.url)
  const pool = new ThreadPool({ module, size: threads, workerData: settings, logger })
  let traces = 0

  async function runTrace(kind: JobKind, request: unknown, limits: JobLimits): Promise<unknown> {
    if (traces >= maxTraces) throw busy()
    traces++
    try {
      return await pool.run(kind, request, limits)
    } finally {
      traces--
    }
  }

  return {
    run: <Kind extends JobKind>(kind: Kind, request: JobRequest<Kind>, limits: JobLimits) => {
      const running = evmJobs[kind].isTrace ? runTrace(kind, request, limits) : pool.run(kind, request, limits)
      return running as Promise<JobResponse<Kind>>
    },
    get load() {
      return pool.load
    },
    get readyThreads() {
      return pool.readyThreads
    },
    ready: pool.ready,
    close: () => pool.close(),
  }
}
