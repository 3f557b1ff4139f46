import { setMaxListeners } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { NodeError } from '#common/errors.ts'
import type { Logger } from '#common/logger.ts'
import { startTypeScriptThread } from '#common/typeScriptThread.ts'
import { busy, RpcError, timedOut } from '../../errors.ts'
import type { FromThread, ToThread } from './messages.ts'

/** A thread died in the middle of a job, or failed at it. */
export class EvmThreadError extends NodeError {
  override readonly name = 'EvmThreadError'
}

export type ThreadPoolOptions = {
  /** TypeScript module the threads run. */
  module: URL
  /** What the module finds as `workerData`. */
  workerData?: unknown
  size: number
  logger: Logger
  /** Time a thread has to answer a cancellation before it is ended. */
  graceMs?: number
}

type Task = {
  id: number
  kind: string
  request: unknown
  /** Threads that were ended under it for the fault of another task. */
  evictions: number
  settle: (outcome: { response: unknown } | { error: unknown }) => void
}

type Thread = { worker: Worker; isReady: boolean; tasks: Map<number, Task>; silence: Map<number, NodeJS.Timeout> }

/** Jobs of a pool by what becomes of them. */
export type ThreadLoad = {
  /** For a thread that takes jobs. */
  waiting: number
  running: number
  /** Nobody waits for them any more, and their thread has not yet said that it knows. */
  leaving: number
}

const GRACE_MS = 1000
const MAX_WAITING = 1000
const MAX_EVICTIONS = 2
const RESTART_DELAY_MS = 1000
/** A job that wants more memory ends its thread, not the process. */
const MAX_HEAP_MB = 2048

/**
 * Threads that work on jobs of the same module. A thread takes several jobs at once: while one waits for the database
 * another runs. The time limit is kept here: a thread that does not answer is ended and replaced, and what else it had
 * begun starts anew elsewhere.
 */
export class ThreadPool {
  readonly #options: ThreadPoolOptions
  readonly #threads = new Set<Thread>()
  readonly #waiting: Task[] = []
  /** When the first thread takes jobs. @throws {EvmThreadError} when it cannot be started */
  readonly ready: Promise<void>
  #lastId = 0
  #isClosed = false
  #beReady: { resolve: () => void; reject: (error: unknown) => void } | undefined

  constructor(options: ThreadPoolOptions) {
    this.#options = options
    this.ready = new Promise((resolve, reject) => {
      this.#beReady = { resolve, reject }
    })
    this.ready.catch(() => {}) // told to whoever waits for it
    for (let index = 0; index < options.size; index++) this.#start()
  }

  /** @throws {RpcError} 'request timed out', 'busy', or what the job threw. @throws the reason of the signal */
  run(
    kind: string,
    request: unknown,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal | undefined },
  ): Promise<unknown> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(busy())
    return new Promise((resolve, reject) => {
      const cancelWith = (error: unknown) => {
        task.settle({ error })
        this.#cancel(task)
      }
      const timer = setTimeout(() => cancelWith(timedOut()), timeoutMs)
      const aborted = () => cancelWith(signal?.reason)
      const task: Task = {
        id: ++this.#lastId,
        kind,
        request,
        evictions: 0,
        settle: (outcome) => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', aborted)
          if ('error' in outcome) reject(outcome.error)
          else resolve(outcome.response)
        },
      }
      if (signal !== undefined) setMaxListeners(0, signal) // one signal stands for all requests of a connection
      signal?.addEventListener('abort', aborted, { once: true })
      this.#place(task)
    })
  }

  get load(): ThreadLoad {
    const sum = (count: (thread: Thread) => number) => [...this.#threads].reduce((all, each) => all + count(each), 0)
    const [running, leaving] = [sum(({ tasks }) => tasks.size), sum(({ silence }) => silence.size)]
    return { waiting: this.#waiting.length, running, leaving }
  }

  get readyThreads(): number {
    return [...this.#threads].filter(({ isReady }) => isReady).length
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all([...this.#threads].map(({ worker }) => worker.terminate()))
    for (const task of this.#waiting.splice(0)) task.settle({ error: new EvmThreadError('The process ends.') })
  }

  #start(): void {
    if (this.#isClosed) return
    const { module, workerData } = this.#options
    const worker = startTypeScriptThread(module, {
      workerData,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    })
    const thread: Thread = { worker, isReady: false, tasks: new Map(), silence: new Map() }
    this.#threads.add(thread)
    worker.unref()
    worker.on('message', (message: FromThread) => this.#hear(thread, message))
    worker.on('error', (err) => this.#options.logger.error({ err }, 'EVM thread broke'))
    worker.once('exit', (code) => this.#bury(thread, code))
  }

  #place(task: Task): void {
    let freest: Thread | undefined
    for (const thread of this.#threads)
      if (thread.isReady && (freest === undefined || thread.tasks.size < freest.tasks.size)) freest = thread
    if (freest === undefined) {
      this.#waiting.push(task)
      return
    }
    freest.tasks.set(task.id, task)
    const { id, kind, request } = task
    freest.worker.postMessage({ id, kind, request } satisfies ToThread)
  }

  #hear(thread: Thread, message: FromThread): void {
    if ('ready' in message) {
      thread.isReady = true
      this.#beReady?.resolve()
      for (const task of this.#waiting.splice(0)) this.#place(task)
      return
    }
    const { id } = message
    clearTimeout(thread.silence.get(id))
    thread.silence.delete(id)
    const task = thread.tasks.get(id)
    if (task === undefined) return
    thread.tasks.delete(id)
    if ('response' in message) task.settle({ response: message.response })
    else if ('rpcError' in message) {
      const { code, text, data } = message.rpcError
      task.settle({ error: new RpcError(code, text, { data }) })
    } else if ('failed' in message) task.settle({ error: new EvmThreadError(message.failed) })
  }

  #cancel(task: Task): void {
    const index = this.#waiting.indexOf(task)
    if (index >= 0) this.#waiting.splice(index, 1)
    for (const thread of this.#threads) {
      if (!thread.tasks.delete(task.id)) continue
      thread.worker.postMessage({ cancel: task.id } satisfies ToThread)
      const silence = setTimeout(() => void thread.worker.terminate(), this.#options.graceMs ?? GRACE_MS)
      thread.silence.set(task.id, silence)
    }
  }

  /** The thread is gone: one that was ended for its silence takes nobody else's job with it. */
  #bury(thread: Thread, code: number): void {
    this.#threads.delete(thread)
    for (const timer of thread.silence.values()) clearTimeout(timer)
    const wasSilent = thread.silence.size > 0
    if (!thread.isReady) this.#beReady?.reject(new EvmThreadError('A thread did not start.', { facts: { code } }))
    if (!this.#isClosed) {
      this.#options.logger.warn({ code, wasSilent, jobs: thread.tasks.size }, 'EVM thread ended; another one starts')
      if (thread.isReady) this.#start()
      else setTimeout(() => this.#start(), RESTART_DELAY_MS).unref()
    }
    for (const task of thread.tasks.values()) {
      if (wasSilent && ++task.evictions <= MAX_EVICTIONS) this.#place(task)
      else task.settle({ error: new EvmThreadError('The thread ended in the middle of a job.', { facts: { code } }) })
    }
  }
}
