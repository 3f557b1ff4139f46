import { createLogger } from '#common/logger.ts'
import { ZERO_HASH } from '#protocol/primitives.ts'
import type { AggregatorServer, AggregatorServerOptions } from '#prover/remote/aggregatorServer.ts'
import { startAggregatorServer } from '#prover/remote/aggregatorServer.ts'
import type { ProverView } from '#prover/remote/poolEntry.ts'
import type { Assignment, JobControl } from '#prover/types.ts'
import { addressOf } from '../blocks.ts'
import { Random } from '../fuzz/random.ts'
import { ATTESTERS, DOMAIN } from '../proofs.ts'
import { createAttestWork } from './attestWork.ts'
import type { Misbehaviour } from './misbehaviours.ts'
import { startTestProver, type TestProver, type TestProverOptions } from './testProver.ts'
import type { ProverWork } from './work.ts'

/** The only attester that counts. */
export const ATTESTER = ATTESTERS[0]!
export const AGGREGATOR = addressOf(0xa9)

/** What a sound prover with that attester computes. */
export const attestWork = createAttestWork({ attester: ATTESTER, domain: DOMAIN })
const wrongWork = createAttestWork({
  attester: ATTESTER,
  domain: DOMAIN,
  distort: (claims) => ({ ...claims, newStateRoot: ZERO_HASH }),
})

type Times = AggregatorServerOptions['times']
/** Short pauses and generous deadlines: nothing in a test that works waits for one of them. */
const TIMES: Times = {
  ...{ firstPollMs: 5, pollIntervalMs: 20, statusIntervalMs: 50, answerDeadlineMs: 20_000 },
  ...{ idleWaitMs: 20_000, collectGraceMs: 20_000 },
  proofDeadlineMs: { batch: 20_000, aggregated: 20_000, final: 20_000 },
}

type Changes = Partial<Omit<AggregatorServerOptions, 'times'>> & { times?: Partial<Times> }

/** A server on a free port, and test provers that dial it. `close` ends all. */
export class RemoteHarness {
  readonly server: AggregatorServer
  readonly #views: ProverView[]
  readonly #watchers: Set<() => void>
  readonly #provers: TestProver[] = []

  private constructor(server: AggregatorServer, views: ProverView[], watchers: Set<() => void>) {
    this.server = server
    this.#views = views
    this.#watchers = watchers
  }

  static async start({ times, ...changes }: Changes = {}): Promise<RemoteHarness> {
    const views: ProverView[] = []
    const watchers = new Set<() => void>()
    const server = await startAggregatorServer({
      ...{ host: '127.0.0.1', port: 0, forkId: 9, aggregator: AGGREGATOR },
      verifier: { kind: 'attestation', domain: DOMAIN, attesters: [ATTESTER.address] },
      aside: { baseMs: 3_600_000, maximumMs: 3_600_000 },
      keepsRequest: () => false,
      logger: createLogger('test', 'silent'),
      ...changes,
      times: { ...TIMES, ...times },
      onChange(view) {
        views.push(view)
        for (const watcher of watchers) watcher()
      },
    })
    return new RemoteHarness(server, views, watchers)
  }

  dial(id: string, changes: Partial<TestProverOptions> = {}): TestProver {
    const prover = startTestProver({
      ...{ server: `127.0.0.1:${this.server.port}`, id, name: `prover ${id}`, forkId: 9 },
      ...{ work: attestWork, wrongWork },
      ...{ random: new Random(1), misbehaviours: [], probability: 1, slowMs: 300, reconnectMs: 20 },
      ...changes,
    })
    this.#provers.push(prover)
    return prover
  }

  /** A prover that does nothing but this wrong. */
  dialWrong(id: string, misbehaviour: Misbehaviour, changes: Partial<TestProverOptions> = {}): TestProver {
    return this.dial(id, { misbehaviours: [misbehaviour], ...changes })
  }

  find(id: string): ProverView | undefined {
    return this.server.list().find(({ proverId }) => proverId === id)
  }

  /** Resolves with the first view of the prover that `holds` is true of, now or later. */
  when(id: string, holds: (view: ProverView) => boolean): Promise<ProverView> {
    const now = this.find(id)
    if (now !== undefined && holds(now)) return Promise.resolve(now)
    return new Promise((resolve) => {
      const look = () => {
        const view = this.#views.at(-1)!
        if (view.proverId !== id || !holds(view)) return
        this.#watchers.delete(look)
        resolve(view)
      }
      this.#watchers.add(look)
    })
  }

  whenIdle(id: string): Promise<ProverView> {
    return this.when(id, ({ state }) => state === 'idle')
  }

  async close(): Promise<void> {
    for (const prover of this.#provers) prover.close()
    await this.server.close()
  }
}

/** Control of a job, with what it told. */
export type WatchedControl = JobControl & { assignments: Assignment[]; assigned: Promise<Required<Assignment>> }

/** `assigned` resolves when the request has its name. */
export function watchedControl(changes: Partial<JobControl> = {}): WatchedControl {
  const assignments: Assignment[] = []
  const { promise: assigned, resolve } = withResolvers<Required<Assignment>>()
  return {
    ...{ signal: new AbortController().signal, onProgress: () => {}, assignments, assigned },
    onAssigned(assignment) {
      assignments.push(assignment)
      if (assignment.requestId !== undefined) resolve({ ...assignment, requestId: assignment.requestId })
    },
    ...changes,
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** Work that is done when the test says so. */
export function gatedWork(): { work: ProverWork; open: () => void } {
  const { promise, resolve } = withResolvers<void>()
  const behind =
    <Inputs extends unknown[], T>(perform: (...inputs: Inputs) => Promise<T>) =>
    async (...inputs: Inputs) => {
      await promise
      return await perform(...inputs)
    }
  const { batch, aggregated, final } = attestWork
  return { work: { batch: behind(batch), aggregated: behind(aggregated), final: behind(final) }, open: () => resolve() }
}
