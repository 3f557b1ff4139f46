import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from '#common/logger.ts'
import { NODE_VERSION } from '#common/version.ts'
import type { Config } from '#config/schema.ts'
import { connectDatabase } from '#db/client.ts'
import { createPoolStore } from '#db/pool.ts'
import { noteNodeVersion } from '#db/rpc/node.ts'
import { createRejections } from '#ops/metrics/sequencerMetrics.ts'
import { nodeStatus } from '#ops/nodeStatus.ts'
import { createOps, type Ops } from '#ops/ops.ts'
import { REJECTION_TEXT } from '#pool/rejection.ts'
import { createPoolIntake } from '#pool/submission.ts'
import { ZERO_ADDRESS } from '#protocol/primitives.ts'
import { tellAnswered } from '#telemetry/requestSpans.ts'
import { startTelemetry, type Telemetry } from '#telemetry/telemetry.ts'
import { createEvmBlocks } from './chain/evmBlocks.ts'
import { createForkIds } from './chain/forkIds.ts'
import { followHead, type Head } from './chain/head.ts'
import { createSequencerNode } from './chain/sequencerNode.ts'
import { createStateReaders } from './chain/stateReaders.ts'
import { createSubscriptions } from './chain/subscriptions.ts'
import type { ApiDeps } from './deps.ts'
import { createDevTools } from './dev/devTools.ts'
import { createEvmThreads } from './evm/threads/evmThreads.ts'
import { createMethods } from './methods/table.ts'
import { createPages, type Pages } from './page/pages.tsx'
import { type ApiKeys, followApiKeys } from './wire/apiKeys.ts'
import { addEvmMetrics } from './wire/evmMetrics.ts'
import { createGate } from './wire/gate.ts'
import { addApiChecks } from './wire/health.ts'
import { createDispatcher, type Dispatcher, type RequestObserver } from './wire/jsonRpc.ts'
import { createMetrics, type Metrics } from './wire/metrics.ts'
import { openWire } from './wire/wire.ts'

/** A running API. `stop` lets running requests end within the grace time. */
export type ApiServer = {
  port: number
  /** Of the port that serves WebSocket alone, when there is one. */
  wsPort: number | undefined
  opsPort: number | undefined
  /** What the operations port has at /metrics. */
  readMetrics: () => Promise<string>
  stop: () => Promise<void>
}

const STATEMENT_TIMEOUT_MS = 10_000
const MAX_CONNECTIONS = 20
const MAX_LOGS_CONNECTIONS = 8
const MAX_PROOF_CONNECTIONS = 3

/**
 * Connects to the database and serves JSON-RPC over HTTP and WebSocket. The ports are open from the start, that for
 * operators first; until all is ready, requests are told so. A port of 0 takes a free one; `withOps: false` leaves the operations port closed.
 * @throws {BlockNotFoundError} when the State DB has no genesis yet
 */
export async function startApiServer(config: Config, logger: Logger, { withOps = true } = {}): Promise<ApiServer> {
  const ops = createOps('api', config)
  const opsPort = withOps ? await ops.listen() : undefined
  const { rpc } = config
  const db = connectDatabase(config.database.url, {
    maxConnections: Math.max(config.database.maxConnections, MAX_CONNECTIONS),
    name: 'zknode-api',
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
  })
  const logsDb = connectDatabase(config.database.url, {
    ...{ maxConnections: MAX_LOGS_CONNECTIONS, name: 'zknode-api-logs', statementTimeoutMs: rpc.logsTimeoutMs },
  })
  const proofDb =
    config.proofStore.url === config.database.url
      ? db
      : connectDatabase(config.proofStore.url, {
          ...{ maxConnections: MAX_PROOF_CONNECTIONS, name: 'zknode-api', statementTimeoutMs: STATEMENT_TIMEOUT_MS },
        })
  const evm = createEvmThreads({
    ...{ databaseUrl: config.database.url, statementTimeoutMs: STATEMENT_TIMEOUT_MS, chainId: config.network.chainId },
    ...{ threads: rpc.evmThreads, maxTraces: rpc.maxTraces, logger },
  })
  const closers: (() => unknown)[] = [
    () => ops.close(),
    () => db.$client.end({ timeout: 5 }),
    () => logsDb.$client.end({ timeout: 5 }),
    () => (proofDb === db ? undefined : proofDb.$client.end({ timeout: 5 })),
    () => evm.close(),
  ]
  const closeAll = async () => {
    while (closers.length > 0) await closers.pop()!()
  }
  try {
    const gate = createGate()
    const metrics = createMetrics(ops.registry)
    let node: Node | undefined
    closers.push(() => node?.close())
    addApiChecks(ops, { db, evm, gate, findHead: () => node?.head, config })
    ops.addStatus(nodeStatus(db, config))

    const telemetry = await startTelemetry('api', config)
    closers.push(() => telemetry?.close())

    // Both are asked only when the gate is open.
    const dispatcher: Dispatcher = { dispatch: (message, context) => node!.dispatcher.dispatch(message, context) }
    const findKey: ApiKeys['find'] = (key) => node?.apiKeys.find(key)
    const findPages = () => node?.pages
    const wire = await openWire({ dispatcher, findKey, findPages, gate, health: ops.checks, metrics, rpc, logger })
    closers.push(wire.close)

    node = await createNode(config, { db, logsDb, proofDb, evm, ops, metrics, telemetry, logger })
    gate.open()
    return {
      port: wire.port,
      wsPort: wire.wsPort,
      opsPort,
      readMetrics: ops.readMetrics,
      stop: async () => {
        gate.drain()
        await delay(rpc.drainDelayMs)
        gate.close()
        await closeAll()
      },
    }
  } catch (error) {
    await closeAll()
    throw error
  }
}

type Node = {
  head: Head
  dispatcher: Dispatcher
  apiKeys: ApiKeys
  pages: Pages | undefined
  close: () => Promise<void>
}

/** What pages ask, whatever is switched on for others. */
const PAGE_NAMESPACES = ['eth', 'zkevm', 'ots']

/** All behind the wire: what follows the database, and the methods over it. */
async function createNode(
  config: Config,
  {
    ops: { registry },
    metrics,
    telemetry,
    ...given
  }: Pick<ApiDeps, 'db' | 'logsDb' | 'proofDb' | 'evm' | 'logger'> & {
    ops: Ops
    metrics: Metrics
    telemetry: Telemetry | undefined
  },
): Promise<Node> {
  const { network, rpc, pool } = config
  const { db, proofDb, evm, logger } = given
  const head = await followHead(db, logger)
  await noteNodeVersion(db, NODE_VERSION)
  const subscriptions = await createSubscriptions({ db, proofDb, head, role: config.role, logger })
  const apiKeys = await followApiKeys(db, logger)
  const stateAt = createStateReaders(db)
  const forkIds = createForkIds(db, network.forkId)
  const rules = { ...pool, chainId: network.chainId }
  const rejections = createRejections(registry, Object.keys(REJECTION_TEXT))
  const onRejected = (reason: string) => rejections.inc({ reason })
  const { rpcUrl, requestTimeoutMs } = config.trustedSequencer
  const sequencerNode = config.role === 'sequencer' ? undefined : createSequencerNode(rpcUrl, requestTimeoutMs)
  const deps: ApiDeps = {
    ...given,
    head,
    subscriptions,
    stateAt,
    intake: sequencerNode?.intake ?? createPoolIntake({ store: createPoolStore(db, pool), rules, onRejected }),
    sequencerNode,
    evmBlock: createEvmBlocks({ chainId: network.chainId, forkIds }),
    forkIds,
    network,
    role: config.role,
    chainId: network.chainId,
    coinbase: config.sequencer.coinbase ?? ZERO_ADDRESS,
    minGasPriceWei: pool.minGasPriceWei,
    limits: rpc,
    dev: await createDevTools(config),
  }
  addEvmMetrics(registry, evm)
  const methods = createMethods(deps)
  const pageMethods = () => createMethods({ ...deps, limits: { ...rpc, namespaces: PAGE_NAMESPACES } })
  const pages = config.statusPage.enabled ? createPages({ methods: pageMethods(), deps, config, logger }) : undefined
  await evm.ready
  return {
    head,
    apiKeys,
    pages,
    dispatcher: createDispatcher({ methods, limits: rpc, logger, observer: observe(metrics, telemetry) }),
    close: async () => {
      await subscriptions.close()
      await apiKeys.close()
      await head.close()
    },
  }
}

function observe({ observer }: Metrics, telemetry: Telemetry | undefined): RequestObserver {
  if (telemetry === undefined) return observer
  return {
    started: () => observer.started(),
    answered(observation) {
      observer.answered(observation)
      tellAnswered(telemetry, observation)
    },
  }
}
