import { Client } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { createCheckingActivities } from '#activities/checking.ts'
import { createPruningActivities } from '#activities/pruning.ts'
import { createSynchronizingActivities } from '#activities/synchronizing.ts'
import { createTell } from '#activities/tell.ts'
import { connectDatabase } from '#db/client.ts'
import { createEtherman } from '#etherman/client.ts'
import { createReorgCounter } from '#ops/metrics/l1EventMetrics.ts'
import { addNodeChecks } from '#ops/nodeChecks.ts'
import { Synchronizer } from '#synchronizer/synchronizer.ts'
import { TASK_QUEUE } from '#workflows/messages.ts'
import { runRole } from './run.ts'
import { connectTemporal, workerDefaults } from './temporal.ts'

/** Follows L1 and executes what comes from there; checks closed batches by executing them again. */
await runRole('synchronizer', async (config, logger, ops, telemetry) => {
  const db = connectDatabase(config.database.url, { maxConnections: 6, name: 'zknode-synchronizer' })
  addNodeChecks(ops, db, config)
  const reorgs = createReorgCounter(ops.registry)
  const etherman = createEtherman({ ...config.network, ...config.l1, logger })
  const connection = await connectTemporal(config, logger)
  const { namespace } = config.temporal
  const { network } = config
  const client = new Client({ connection, namespace })
  const worker = await Worker.create({
    ...workerDefaults(telemetry),
    connection,
    namespace,
    taskQueue: TASK_QUEUE.synchronizer,
    activities: {
      ...createSynchronizingActivities({
        db,
        client,
        synchronizer: new Synchronizer({ db, etherman, network, ...config.l1, logger, onReorg: () => reorgs.inc() }),
        checkNetwork: () => etherman.checkNetwork(network.l1ChainId),
        forkId: network.forkId,
        pollIntervalMs: config.l1.pollIntervalMs,
      }),
      ...createCheckingActivities({ db, config, tell: createTell(client) }),
      ...createPruningActivities({ ...config, db, logger }),
    },
    maxConcurrentActivityTaskExecutions: 4, // the reader of L1, two checks and pruning
  })
  return {
    workers: [worker],
    close: async () => {
      etherman.close()
      await connection.close()
      await db.$client.end({ timeout: 5 })
    },
  }
})
