import { type ProverConnection, ProverStreamError } from './connection.ts'
import type { GetStatusResponse } from './messages.ts'

/** `busy`: has a job of ours, or says that it is not idle. `gone`: not connected. */
export type ProverState = 'idle' | 'busy' | 'aside' | 'gone'

/** A prover as operators see it. Times are those of `Date.now()`. */
export type ProverView = {
  proverId: string
  name: string
  kind: 'remote'
  /** Host and port it dialled in from. */
  address: string
  forkId: number
  cores: number
  memoryBytes: number
  freeMemoryBytes: number
  state: ProverState
  /** Why it is neither idle nor at work for us. */
  reason: string | undefined
  asideUntil: number | undefined
  jobId: string | undefined
  connectedAt: number
  seenAt: number
  /** Since this process started. */
  proved: number
  failed: number
}

/** What the pool knows of one prover, over all its streams. */
export class PoolEntry {
  readonly proverId: string
  connection: ProverConnection | undefined
  status: GetStatusResponse
  address = ''
  /** It said it is idle, and was given nothing since. */
  isReady = false
  jobId: string | undefined
  /** Of its last stream's end, while it is gone. */
  goneReason: string | undefined
  connectedAt = Date.now()
  seenAt = Date.now()
  proved = 0
  failed = 0
  /** Makes its watch ask for the status now. */
  wake: () => void = () => {}

  constructor(proverId: string, status: GetStatusResponse) {
    this.proverId = proverId
    this.status = status
  }

  /** @throws {ProverStreamError} when it is gone */
  get connected(): ProverConnection {
    if (this.connection === undefined)
      throw new ProverStreamError({ by: 'dropped', reason: this.goneReason ?? 'The prover is gone.' })
    return this.connection
  }

  learn(status: GetStatusResponse): void {
    this.status = status
    this.seenAt = Date.now()
    this.isReady = status.status === 'STATUS_IDLE' && this.jobId === undefined
  }

  view(aside: { until: number; reason: string } | undefined): ProverView {
    const state = this.#state(aside !== undefined)
    return {
      proverId: this.proverId,
      name: this.status.proverName,
      kind: 'remote',
      address: this.address,
      forkId: this.status.forkId,
      cores: this.status.numberOfCores,
      memoryBytes: this.status.totalMemory,
      freeMemoryBytes: this.status.freeMemory,
      state,
      reason: aside?.reason ?? this.#reason(state),
      asideUntil: aside?.until,
      jobId: this.jobId,
      connectedAt: this.connectedAt,
      seenAt: this.seenAt,
      proved: this.proved,
      failed: this.failed,
    }
  }

  #state(isAside: boolean): ProverState {
    if (this.connection === undefined) return 'gone'
    if (isAside) return 'aside'
    return this.isReady ? 'idle' : 'busy'
  }

  #reason(state: ProverState): string | undefined {
    if (state === 'gone') return this.goneReason
    const { status } = this.status
    const isBusyWithItself = state === 'busy' && this.jobId === undefined && status !== 'STATUS_IDLE'
    return isBusyWithItself ? `The prover says ${status}.` : undefined
  }
}

/** Provers without an id of their own are known by name and host: the port changes with every stream. */
export function identifyProver({ proverId, proverName }: GetStatusResponse, address: string): string {
  return proverId === '' ? `${proverName}@${address.replace(/:\d+$/, '')}` : proverId
}
