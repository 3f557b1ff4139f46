import { parentPort } from 'node:worker_threads'
import { ProofRefusedError } from './errors.ts'
import type { ReexecutionJob } from './reexecute.ts'
import { reexecuteBatch } from './reexecuteBatch.ts'
import type { ThreadAnswer } from './reexecutionThreads.ts'

/** Entry of the thread: one job at a time, one answer a job. */
parentPort?.on('message', (job: ReexecutionJob) => {
  const answer = (message: ThreadAnswer) => parentPort?.postMessage(message)
  reexecuteBatch(job).then(
    (claims) => answer({ claims }),
    (error: unknown) => {
      if (error instanceof ProofRefusedError) answer({ refused: error.message })
      else answer({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    },
  )
})
