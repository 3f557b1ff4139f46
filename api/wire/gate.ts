import { type RpcError, unavailable } from '../errors.ts'

/** Whether the process takes requests: not before it is ready, and not once it is about to end. */
export interface Gate {
  readonly state: 'starting' | 'open' | 'draining' | 'closed'
  open(): void
  /** Still takes requests, but is not ready for more. */
  drain(): void
  close(): void
  /** What a request is told while it is not taken. */
  refusal(): RpcError | undefined
}

export function createGate(): Gate {
  let state: Gate['state'] = 'starting'
  return {
    get state() {
      return state
    },
    open() {
      state = 'open'
    },
    drain() {
      state = 'draining'
    },
    close() {
      state = 'closed'
    },
    refusal() {
      if (state === 'starting') return unavailable('node is starting')
      return state === 'closed' ? unavailable('node is stopping') : undefined
    },
  }
}
