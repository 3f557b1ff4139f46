import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { createAdaptorServer } from '@hono/node-server'
import type { Logger } from '#common/logger.ts'
import type { Config } from '#config/schema.ts'
import { connectDatabase } from '#db/client.ts'
import { createPoolStore } from '#db/pool.ts'
import { noteNodeVersion } from '#db/rpc/node.ts'
import { createPoolIntake } from '#pool/submission.ts'
import { ZERO_ADDRESS } from '#protocol/primitives.ts'
import { createApp, createOpsApp } from './app.ts'
import type { ApiDeps } from './deps.ts'
import { createEvmBlocks } from './evmBlocks.ts'
import { createEvmThreads } from './evmThreads/evmThreads.ts'
import { createForkIds } from './forkIds.ts'
import { followHead } from './head.ts'
import { createHealth } from './health.ts'
import { createDispatcher } from './jsonRpc.ts'
import { addL1Metrics } from './l1Metrics.ts'
import { createMethods } from './methods/table.ts'
import { createMetrics } from './metrics.ts'
import { addSenderMetrics } from './senderMetrics.ts'
import { createSequencerNode } from './sequencerNode.ts'
import { createStateReaders } from './stateReaders.ts'
import { createSubscriptions } from './subscriptions.ts'
import { NODE_VERSION } from './version.ts'
import { serveWebSocket } from './webSocket.ts'

/** A running API. `stop` lets running requests end within the grace time. */
export type ApiServer = { port: number; opsPort: number | undefined; stop: () => Promise<void> }

const MAX_BATCH_ANSWER_BYTES = 25 * 1024 * 1024
const STATEMENT_TIMEOUT_MS = 10_000
const DRAIN_MS = 30_000
const MAX_CONNECTIONS = 20

/**
 * Connects to the database and serves JSON-RPC over HTTP and WebSocket. A port of 0 takes a free one; `withOps: false`
 * leaves the operations port closed. @throws {BlockNotFoundError} when the State DB has no genesis yet
 */
export async function startApiServer(config: Config, logger: Logger, { withOps = true } = {}): Promise<ApiServer> {
  const { network, rpc, pool } = config
  const db = connectDatabase(config.database.url, {
    maxConnections: Math.max(config.database.maxConnections, MAX_CONNECTIONS),
    name: 'zknode-api',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  })
  const evm = createEvmThreads({
    ...{ databaseUrl: config.database.url, statementTimeoutMs: STATEMENT_TIMEOUT_MS, chainId: network.chainId },
    ...{ threads: rpc.evmThreads, maxTraces: rpc.maxTraces, logger },
  })
  try {
    const head = await followHead(db, logger)
    await noteNodeVersion(db, NODE_VERSION)
    const subscriptions = await createSubscriptions({ db, head, role: config.role, logger })
    const stateAt = createStateReaders(db)
    const forkIds = createForkIds(db, network.forkId)
    const rules = { ...pool, chainId: network.chainId }
    const { rpcUrl, requestTimeoutMs } = config.trustedSequencer
    const sequencerNode = config.role === 'sequencer' ? undefined : createSequencerNode(rpcUrl, requestTimeoutMs)
    const deps: ApiDeps = {
      db,
      head,
      subscriptions,
      stateAt,
      intake: sequencerNode?.intake ?? createPoolIntake({ store: createPoolStore(db, pool), rules }),
      sequencerNode,
      evm,
      evmBlock: createEvmBlocks({ chainId: network.chainId, forkIds }),
      forkIds,
      network,
      role: config.role,
      chainId: network.chainId,
      coinbase: config.sequencer.coinbase ?? ZERO_ADDRESS,
      minGasPriceWei: pool.minGasPriceWei,
      limits: rpc,
      logger,
    }
    const [metrics, health] = [createMetrics(), createHealth({ db, head })]
    addSenderMetrics(metrics.registry, db)
    addL1Metrics(metrics.registry, db)
    const dispatcher = createDispatcher({
      methods: createMethods(deps),
      limits: { batchLimit: rpc.batchLimit, maxBatchAnswer: MAX_BATCH_ANSWER_BYTES },
      logger,
      observe: metrics.observe,
    })
    const app = createApp({ ...rpc, dispatcher, health, metrics, logger })
    const server = createAdaptorServer({ fetch: app.fetch }) as Server
    const closeSockets = serveWebSocket(server, { dispatcher, metrics, logger })
    await evm.ready
    const port = await open(server, rpc)
    const ops = withOps
      ? (createAdaptorServer({ fetch: createOpsApp({ health, metrics }).fetch }) as Server)
      : undefined
    const opsPort = ops === undefined ? undefined : await open(ops, config.ops)

    return {
      port,
      opsPort,
      stop: async () => {
        health.drain()
        closeSockets()
        await close(server)
        if (ops !== undefined) await close(ops)
        await subscriptions.close()
        await head.close()
        await evm.close()
        await db.$client.end({ timeout: 5 })
      },
    }
  } catch (error) {
    await evm.close()
    await db.$client.end({ timeout: 1 })
    throw error
  }
}

async function open(server: Server, { host, port }: { host: string; port: number }): Promise<number> {
  server.listen(port, host)
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Idle connections end at once, running requests within the grace time. */
async function close(server: Server): Promise<void> {
  const closed = once(server, 'close')
  server.close()
  server.closeIdleConnections()
  const patience = new AbortController()
  const late = delay(DRAIN_MS, undefined, { signal: patience.signal, ref: false }).then(
    () => server.closeAllConnections(),
    () => {},
  )
  await closed
  patience.abort()
  await late
}
