import type { Worker } from 'node:worker_threads'
import { startTypeScriptThread } from '#common/typeScriptThread.ts'
import { ProofRefusedError, ProverThreadError } from './errors.ts'
import type { ReexecutionJob, Reexecutor } from './reexecute.ts'
import type { Claims } from './types.ts'

/** What the thread answers: claims, or why there are none. Errors lose their class on the way, so it is spelled out. */
export type ThreadAnswer = { claims: Claims } | { refused: string } | { failed: string }

const WORKER = new URL('./reexecutionWorker.ts', import.meta.url)

/**
 * Executes each batch in a thread, so that the process goes on answering meanwhile. Threads are kept for the next job;
 * there are as many as jobs were ever at work at once. Aborting a job ends its thread at once.
 */
export function createReexecutionThreads(): Reexecutor & { close: () => Promise<void> } {
  const idle: Worker[] = []
  const all = new Set<Worker>()

  function start(): Worker {
    const thread = startTypeScriptThread(WORKER)
    all.add(thread)
    thread.once('exit', () => {
      all.delete(thread)
      const index = idle.indexOf(thread)
      if (index >= 0) idle.splice(index, 1)
    })
    thread.on('error', () => {}) // told to the job that it breaks; an idle thread is simply gone
    return thread
  }

  return {
    async reexecute(job, signal) {
      signal.throwIfAborted()
      const thread = idle.pop() ?? start()
      thread.ref()
      try {
        const answer = await ask(thread, job, signal)
        thread.unref()
        idle.push(thread)
        return readAnswer(answer)
      } catch (error) {
        if (all.has(thread) && !idle.includes(thread)) await thread.terminate()
        throw error
      }
    },
    async close() {
      await Promise.all([...all].map((thread) => thread.terminate()))
    },
  }
}

function readAnswer(answer: ThreadAnswer): Claims {
  if ('claims' in answer) return answer.claims
  if ('refused' in answer) throw new ProofRefusedError(answer.refused)
  throw new ProverThreadError(answer.failed)
}

function ask(thread: Worker, job: ReexecutionJob, signal: AbortSignal): Promise<ThreadAnswer> {
  return new Promise((resolve, reject) => {
    const settle = (action: () => void) => {
      thread.off('message', answered).off('error', broke).off('exit', ended)
      signal.removeEventListener('abort', aborted)
      action()
    }
    const answered = (answer: ThreadAnswer) => settle(() => resolve(answer))
    const broke = (cause: unknown) =>
      settle(() => reject(new ProverThreadError('The thread broke.', { cause, facts: { reason: String(cause) } })))
    const ended = (code: number) =>
      settle(() => reject(new ProverThreadError('The thread ended in the middle of a job.', { facts: { code } })))
    const aborted = () => settle(() => reject(signal.reason))
    thread.on('message', answered).on('error', broke).on('exit', ended)
    signal.addEventListener('abort', aborted, { once: true })
    thread.postMessage(job)
  })
}
