import { Client } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { createPruningActivities } from '#activities/pruning.ts'
import { createSynchronizingActivities } from '#activities/synchronizing.ts'
import { ConfigError } from '#config/load.ts'
import { connectDatabase } from '#db/client.ts'
import { createEtherman } from '#etherman/client.ts'
import { createReorgCounter } from '#ops/metrics/l1EventMetrics.ts'
import { addHaltedMetrics } from '#ops/metrics/temporalMetrics.ts'
import { addNodeChecks } from '#ops/nodeChecks.ts'
import { ChainTip } from '#synchronizer/chainTip.ts'
import { Synchronizer } from '#synchronizer/synchronizer.ts'
import { TrustedFollower } from '#synchronizer/trustedFollower.ts'
import { createTrustedSequencer } from '#synchronizer/trustedSequencer.ts'
import { SYNCHRONIZER_WORKFLOW_ID, TASK_QUEUE } from '#workflows/messages.ts'
import { openNodeMetrics } from './nodeMetrics.ts'
import { runRole } from './run.ts'
import { startPruning, startSingletons } from './singletons.ts'
import { connectTemporal, workerDefaults } from './temporal.ts'
import { warnOfMock } from './verifierCheck.ts'
import { buildWorkflowBundle } from './workflowBundle.ts'

/**
 * All of a node that neither sequences nor proves but its API: the workflow that keeps one reader of L1 running, and the
 * reader. It has no keys, and nothing waits for anyone but L1.
 */
await runRole('follower', async (config, logger, ops, telemetry) => {
  warnOfMock(config, logger)
  const { network, l1 } = config
  const db = connectDatabase(config.database.url, { maxConnections: 4, name: 'zknode-follower' })
  addNodeChecks(ops, db, config)
  const closeMetrics = openNodeMetrics(ops, config)
  addHaltedMetrics(ops.registry, ops.temporal)
  const reorgs = createReorgCounter(ops.registry)
  const etherman = createEtherman({ ...network, ...l1, logger })
  const connection = await connectTemporal(config, logger)
  const { namespace } = config.temporal
  const client = new Client({ connection, namespace })
  const common = { ...workerDefaults(telemetry), connection, namespace }
  const tip = new ChainTip()
  const synchronizer = new Synchronizer({
    ...{ db, etherman, network, maxBlockRange: l1.maxBlockRange, isReader: true, tip, logger },
    onReorg: () => reorgs.inc(),
  })
  const { rpcUrl, pollIntervalMs, requestTimeoutMs } = config.trustedSequencer
  if (config.role === 'trusting' && rpcUrl === undefined)
    throw new ConfigError('trustedSequencer.rpcUrl is not set: a trusting node needs it.')
  const trusted =
    config.role === 'trusting' && rpcUrl !== undefined
      ? {
          ...{ pollIntervalMs, logger },
          follower: new TrustedFollower({
            ...{ db, tip, logger, network: { ...network, isReader: true } },
            sequencer: createTrustedSequencer({ rpcUrl, requestTimeoutMs }),
          }),
        }
      : undefined
  const workflows = await Worker.create({
    ...common,
    taskQueue: TASK_QUEUE.batch,
    workflowBundle: { codePath: await buildWorkflowBundle() },
  })
  const reader = await Worker.create({
    ...common,
    taskQueue: TASK_QUEUE.synchronizer,
    activities: {
      ...createSynchronizingActivities({
        ...{ db, client, synchronizer, forkId: network.forkId, pollIntervalMs: l1.pollIntervalMs, trusted },
        checkNetwork: () => etherman.checkNetwork(network.l1ChainId),
      }),
      ...createPruningActivities({ ...config, db, logger }),
    },
    maxConcurrentActivityTaskExecutions: 3, // pruning, and after a failure an old attempt ends beside the new one
  })
  await startSingletons(client, logger, [SYNCHRONIZER_WORKFLOW_ID])
  await startPruning(client, logger, config)
  return {
    workers: [workflows, reader],
    close: async () => {
      etherman.close()
      await connection.close()
      await closeMetrics()
      await db.$client.end({ timeout: 5 })
    },
  }
})
