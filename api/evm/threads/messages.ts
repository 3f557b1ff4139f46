/** To a thread: a job, or that nobody waits for one any more. */
export type ToThread = { id: number; kind: string; request: unknown } | { cancel: number }

/**
 * From a thread. Errors lose their class on the way, so what is told of them is spelled out. `cancelled` answers a
 * cancellation at once, whatever the job does: the thread is alive.
 */
export type FromThread =
  | { ready: true }
  | { id: number; response: unknown }
  | { id: number; rpcError: { code: number; text: string; data: unknown } }
  | { id: number; failed: string }
  | { id: number; cancelled: true }
