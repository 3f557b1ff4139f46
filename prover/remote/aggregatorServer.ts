import { readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { NodeError } from '#common/errors.ts'
import type { Prover } from '../types.ts'
import type { AsideTimes } from './aside.ts'
import { ProverConnection, type ProverStream, ProverStreamError } from './connection.ts'
import type { PoolEntry, ProverView } from './poolEntry.ts'
import { ProverPool } from './proverPool.ts'
import { createRemoteProver, type RemoteProverOptions } from './remoteProver.ts'
import { aggregatorService, healthImplementation, healthService } from './service.ts'

/** The port is taken, or a certificate cannot be read. */
export class AggregatorServerError extends NodeError {
  override readonly name = 'AggregatorServerError'
}

export type AggregatorServerOptions = Omit<RemoteProverOptions, 'times'> & {
  host: string
  /** 0: any that is free. */
  port: number
  /** PEM files. With `clientCaFile` only clients with a certificate of that authority are let in. */
  tls?: { certFile: string; keyFile: string; clientCaFile?: string | undefined } | undefined
  aside: AsideTimes
  times: RemoteProverOptions['times'] & {
    /** For any one answer. */
    answerDeadlineMs: number
    /** How often an idle prover is asked how it is. */
    statusIntervalMs: number
  }
  /** Called with every prover of which something changed. */
  onChange: (prover: ProverView) => void
}

export type AggregatorServer = {
  port: number
  prover: Prover
  /** Provers that dialled in within the last day. */
  list: () => ProverView[]
  /** Ends the time for which a prover is put aside. @returns whether it is known */
  release: (proverId: string) => boolean
  /** Ends all streams: provers dial in again when there is a server again. */
  close: () => Promise<void>
}

/** Proofs are megabytes; streams are silent for as long as a prover needs for a batch, at worst. */
const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
}

/** Serves aggregator.v1 and grpc.health.v1. @throws {AggregatorServerError} */
export async function startAggregatorServer(options: AggregatorServerOptions): Promise<AggregatorServer> {
  const { logger, times } = options
  const onChange = (prover: ProverView) => {
    const { proverId, name, address, state, reason, jobId } = prover
    logger.debug({ proverId, name, address, state, reason, jobId }, 'prover changed')
    options.onChange(prover)
  }
  const pool = new ProverPool({ aside: options.aside, onChange })
  const server = new Server(CHANNEL_OPTIONS)
  server.addService(aggregatorService, {
    channel: (stream: ProverStream) => {
      const connection = new ProverConnection(stream, times)
      attend(connection).catch((error: unknown) => {
        const { address } = connection
        if (error instanceof ProverStreamError) logger.info({ address, reason: error.message }, 'prover stream ended')
        else logger.error({ address, err: error }, 'prover stream broke')
        connection.end({ by: 'closed', reason: 'The aggregator ended the stream.' })
      })
    },
  })
  server.addService(healthService, healthImplementation)
  const port = await listen(server, options)

  /** From the first question to the end of the stream. */
  async function attend(connection: ProverConnection): Promise<void> {
    const { proverName, proverId } = await connection.ask('getStatusRequest', {})
    const status = { ...(await connection.ask('getStatusRequest', {})), proverName, proverId }
    if (status.forkId !== options.forkId) {
      const reason = `It is of fork ${status.forkId}, the network of fork ${options.forkId}.`
      pool.turnAway(connection, status, reason)
      connection.end({ by: 'fault', reason })
      logger.warn({ proverId, proverName, address: connection.address, reason }, 'turned a prover away')
      return
    }
    await watch(pool.join(connection, status), connection)
  }

  /** Asks a prover without a job of ours how it is: often until it is idle, then now and then. */
  async function watch(entry: PoolEntry, connection: ProverConnection): Promise<never> {
    let woken = new AbortController()
    entry.wake = () => woken.abort()
    for (let pauseMs = times.firstPollMs; ; pauseMs = Math.min(times.statusIntervalMs, 1.5 * pauseMs)) {
      const isAtRest = entry.isReady || entry.jobId !== undefined
      await setTimeout(isAtRest ? times.statusIntervalMs : pauseMs, undefined, {
        signal: AbortSignal.any([woken.signal, connection.over]),
      }).catch(() => {}) // woken, or over: then the question fails
      if (isAtRest || woken.signal.aborted) pauseMs = times.firstPollMs
      if (woken.signal.aborted) woken = new AbortController()
      if (entry.jobId === undefined || connection.over.aborted)
        pool.learn(entry, await connection.ask('getStatusRequest', {}))
    }
  }

  return {
    port,
    prover: createRemoteProver(pool, options),
    list: () => pool.list(),
    release: (proverId) => pool.release(proverId),
    async close() {
      pool.close()
      server.forceShutdown()
    },
  }
}

async function listen(server: Server, { host, port, tls }: AggregatorServerOptions): Promise<number> {
  const credentials = tls === undefined ? ServerCredentials.createInsecure() : await readCredentials(tls)
  return await new Promise((resolve, reject) => {
    server.bindAsync(`${host.includes(':') ? `[${host}]` : host}:${port}`, credentials, (cause, bound) => {
      if (cause === null) resolve(bound)
      else reject(new AggregatorServerError('The port for provers cannot be had.', { cause, facts: { host, port } }))
    })
  })
}

async function readCredentials(tls: NonNullable<AggregatorServerOptions['tls']>): Promise<ServerCredentials> {
  const { certFile, keyFile, clientCaFile } = tls
  try {
    const [cert_chain, private_key] = [await readFile(certFile), await readFile(keyFile)]
    const clientCa = clientCaFile === undefined ? null : await readFile(clientCaFile)
    return ServerCredentials.createSsl(clientCa, [{ cert_chain, private_key }], clientCa !== null)
  } catch (cause) {
    throw new AggregatorServerError('A certificate for provers cannot be read.', {
      cause,
      facts: { certFile, keyFile, clientCaFile: clientCaFile ?? null },
    })
  }
}
