import { availableParallelism, freemem, totalmem } from 'node:os'
import type { Logger } from '#common/logger.ts'
import type { Queryable } from '#db/client.ts'
import { addFailed, addProved, markGone, upsertProver } from '#db/provers.ts'
import { ProofRefusedError } from '#prover/errors.ts'
import type { JobControl, Prover } from '#prover/types.ts'

const EVERY_MS = 5000

type Options = { db: Queryable; proverId: string; name: string; logger: Logger; everyMs?: number }

/** What an embedded prover tells of itself in the proof store, every few seconds and when it begins or ends a job. */
export function createProverPresence({ db, proverId, name, logger, everyMs = EVERY_MS }: Options) {
  const connectedAt = new Date()
  const jobs = new Set<string>()
  let last: Promise<void> = Promise.resolve()

  /** In order; a store that is away costs a line in the log, not the job. */
  const write = (action: () => Promise<void>): Promise<void> => {
    last = last.then(action).catch((err) => logger.warn({ err }, 'the proof store does not hear of this prover'))
    return last
  }
  const tell = () =>
    write(() => {
      const [jobId] = jobs
      return upsertProver(db, {
        ...{ proverId, name, kind: 'embedded', connectedAt, jobId },
        state: jobId === undefined ? 'idle' : 'busy',
        ...{ cores: availableParallelism(), memoryBytes: totalmem(), freeMemoryBytes: freemem() },
      })
    })

  async function watched<T>(jobId: string, { signal }: JobControl, work: () => Promise<T>): Promise<T> {
    jobs.add(jobId)
    void tell()
    try {
      const result = await work()
      void write(() => addProved(db, proverId))
      return result
    } catch (error) {
      const isOwnFault = !signal.aborted && !(error instanceof ProofRefusedError)
      if (isOwnFault) void write(() => addFailed(db, proverId))
      throw error
    } finally {
      jobs.delete(jobId)
      void tell()
    }
  }
  const timer = setInterval(() => void tell(), everyMs)
  return {
    begun: tell(),
    /** The same prover, whose jobs are told. */
    watch: (prover: Prover): Prover => ({
      kind: prover.kind,
      proveBatch: (job, control) => watched(job.jobId, control, () => prover.proveBatch(job, control)),
      aggregate: (job, control) => watched(job.jobId, control, () => prover.aggregate(job, control)),
      finalize: (job, control) => watched(job.jobId, control, () => prover.finalize(job, control)),
    }),
    async end(): Promise<void> {
      clearInterval(timer)
      await write(() => markGone(db, proverId, 'shut down'))
    },
  }
}
