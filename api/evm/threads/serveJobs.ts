import { type MessagePort, parentPort } from 'node:worker_threads'
import { NodeError } from '#common/errors.ts'
import { RpcError } from '../../errors.ts'
import type { FromThread, ToThread } from './messages.ts'

/** Does one job. Aborting the signal means that nobody waits for it. */
export type JobRunner = (kind: string, request: unknown, signal: AbortSignal) => Promise<unknown>

/** The side of the thread: takes jobs from the process that started it, and answers each once. */
export function serveJobs(run: JobRunner): void {
  if (parentPort === null) throw new NodeError('Jobs are served in a thread only.')
  const port: MessagePort = parentPort
  const running = new Map<number, AbortController>()
  const answer = (message: FromThread) => port.postMessage(message)

  port.on('message', (message: ToThread) => {
    if ('cancel' in message) {
      running.get(message.cancel)?.abort()
      running.delete(message.cancel)
      answer({ id: message.cancel, cancelled: true })
      return
    }
    const { id, kind, request } = message
    const controller = new AbortController()
    running.set(id, controller)
    run(kind, request, controller.signal).then(
      (response) => running.delete(id) && answer({ id, response }),
      (error: unknown) => running.delete(id) && answer({ id, ...describeError(error) }),
    )
  })
  answer({ ready: true })
}

function describeError(error: unknown) {
  if (error instanceof RpcError) return { rpcError: { code: error.code, text: error.shortMessage, data: error.data } }
  return { failed: error instanceof Error ? (error.stack ?? error.message) : String(error) }
}
