import { setTimeout } from 'node:timers/promises'
import { type ChannelCredentials, Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js'
import {
  type AggregatorMessage,
  aggregatorMessage,
  CHANNEL_PATH,
  type GetStatusResponse,
  type ProverMessage,
  proverMessage,
} from '#prover/remote/messages.ts'
import type { Random } from '../fuzz/random.ts'
import { Jobs } from './jobs.ts'
import type { Misbehaviour } from './misbehaviours.ts'
import type { ProverWork } from './work.ts'

export type TestProverOptions = {
  /** host:port */
  server: string
  credentials?: ChannelCredentials
  id: string
  name: string
  forkId: number
  work: ProverWork
  /** Does the work of a job that is to come out wrong. */
  wrongWork: ProverWork
  random: Random
  misbehaviours: readonly Misbehaviour[]
  /** With which each job goes wrong. */
  probability: number
  /** How long `slow` holds a result back. */
  slowMs: number
  /** Every job takes so long at least. */
  workMs?: number
  reconnectMs: number
  /** Leaves the id of its answers empty, as clients that rely on the order do. */
  leavesIdsOut?: boolean
  onMisbehave?: (misbehaviour: Misbehaviour) => void
}

export type TestProver = {
  /** Requests in the order in which they came, by their names in the .proto. */
  readonly requests: readonly string[]
  /** Streams dialled so far. */
  readonly streams: number
  /** Why its streams ended, as the aggregator put it. */
  readonly endings: readonly string[]
  close: () => void
}

type Stream = ClientDuplexStream<Buffer, AggregatorMessage>
/** Each prover has a connection of its own, as if it were a process of its own. */
const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.use_local_subchannel_pool': 1,
}

/** Dials an aggregator and answers it, over and over, until it is closed. Jobs live on when a stream ends. */
export function startTestProver(options: TestProverOptions): TestProver {
  const { server, random, reconnectMs } = options
  const client = new Client(server, options.credentials ?? credentials.createInsecure(), {
    ...CHANNEL_OPTIONS,
    'grpc.initial_reconnect_backoff_ms': Math.min(1000, reconnectMs),
    'grpc.max_reconnect_backoff_ms': Math.min(5000, 4 * reconnectMs),
  })
  const jobs = new Jobs(options)
  const stopped = new AbortController()
  const seen = { requests: [] as string[], streams: 0, endings: [] as string[] }

  const serve = async () => {
    while (!stopped.signal.aborted) {
      seen.streams++
      const isOfWrongFork = options.misbehaviours.includes('wrong-fork') && random.happens(options.probability)
      if (isOfWrongFork) options.onMisbehave?.('wrong-fork')
      seen.endings.push(await converse(dial(client), isOfWrongFork ? options.forkId + 1 : options.forkId))
      await setTimeout(reconnectMs, undefined, { signal: stopped.signal }).catch(() => {})
    }
    client.close()
  }

  /** @returns how the stream ended */
  function converse(stream: Stream, forkId: number): Promise<string> {
    const stop = () => stream.cancel()
    stopped.signal.addEventListener('abort', stop, { once: true })
    return new Promise<string>((resolve) => {
      stream.on('data', (message: AggregatorMessage) => {
        seen.requests.push(message.request ?? 'nothing')
        answer(stream, message, forkId).catch((error: Error) => stream.emit('error', error))
      })
      stream.on('error', (error: Error & { details?: string }) => resolve(error.details ?? error.message))
      stream.on('end', () => resolve('The aggregator ended the stream.'))
    }).finally(() => stopped.signal.removeEventListener('abort', stop))
  }

  async function answer(stream: Stream, message: AggregatorMessage, forkId: number): Promise<void> {
    const send = (response: Omit<ProverMessage, 'id'>, id = options.leavesIdsOut ? '' : message.id) => {
      stream.write(proverMessage.encode({ id, ...response }))
    }
    switch (message.request) {
      case 'getStatusRequest':
        return send({ getStatusResponse: { ...statusOf(options, jobs), forkId } })
      case 'genBatchProofRequest': {
        const { input } = message.genBatchProofRequest!
        return send({ genBatchProofResponse: jobs.start((work) => recursive(work.batch(input))) })
      }
      case 'genAggregatedProofRequest': {
        const { recursiveProof_1: one, recursiveProof_2: two } = message.genAggregatedProofRequest!
        return send({ genAggregatedProofResponse: jobs.start((work) => recursive(work.aggregated(one, two))) })
      }
      case 'genFinalProofRequest': {
        const { recursiveProof, aggregatorAddr } = message.genFinalProofRequest!
        const finalize = async (work: ProverWork) => ({ finalProof: await work.final(recursiveProof, aggregatorAddr) })
        return send({ genFinalProofResponse: jobs.start(finalize) })
      }
      case 'cancelRequest':
        return send({ cancelResponse: { result: jobs.cancel(message.cancelRequest!.id) } })
      case 'getProofRequest': {
        const requestId = message.getProofRequest!.id
        const getProofResponse = jobs.collect(requestId)
        switch (jobs.misbehaviourOf(requestId)) {
          case 'hang':
            return
          case 'disconnect':
            return stream.cancel()
          case 'garbage':
            stream.write(Buffer.from(random.hex(64), 'hex').fill(0xff, 0, 4))
            return
          case 'wrong-answer':
            return send({ cancelResponse: { result: 'RESULT_OK' } })
          case 'old-id':
            return send({ getProofResponse }, String(Number(message.id) - 1))
          default:
            return send({ getProofResponse })
        }
      }
      default:
        return send({})
    }
  }

  void serve()
  return {
    get requests() {
      return seen.requests
    },
    get streams() {
      return seen.streams
    },
    get endings() {
      return seen.endings
    },
    close: () => stopped.abort(),
  }
}

function dial(client: Client): Stream {
  const metadata = new Metadata({ waitForReady: true })
  return client.makeBidiStreamRequest(CHANNEL_PATH, (bytes: Buffer) => bytes, aggregatorMessage.decode, metadata)
}

const recursive = async (proof: Promise<string>) => ({ recursiveProof: await proof })

function statusOf({ id, name, forkId }: TestProverOptions, jobs: Jobs): GetStatusResponse {
  return {
    status: jobs.current === undefined ? 'STATUS_IDLE' : 'STATUS_COMPUTING',
    lastComputedRequestId: jobs.last ?? '',
    lastComputedEndTime: 0,
    currentComputingRequestId: jobs.current ?? '',
    currentComputingStartTime: 0,
    versionProto: 'v0_0_1',
    versionServer: '0.0.1',
    pendingRequestQueueIds: [],
    proverName: name,
    proverId: id,
    numberOfCores: 4,
    totalMemory: 16 * 2 ** 30,
    freeMemory: 8 * 2 ** 30,
    forkId,
  }
}
