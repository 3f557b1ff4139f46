import { Client } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { createSequencingActivities } from '#activities/sequencing.ts'
import { createTell } from '#activities/tell.ts'
import { connectDatabase } from '#db/client.ts'
import { createSequencerMetrics } from '#ops/metrics/sequencerMetrics.ts'
import { addNodeChecks } from '#ops/nodeChecks.ts'
import { stallCheck } from '#ops/stallCheck.ts'
import { Sequencer } from '#sequencer/sequencer.ts'
import { tellMined } from '#telemetry/sequencerSpans.ts'
import { TASK_QUEUE } from '#workflows/messages.ts'
import { runRole } from './run.ts'
import { connectTemporal, workerDefaults } from './temporal.ts'

/** Makes L2 blocks and batches. May run on several machines: the lease lets one of them write. */
await runRole('sequencer', async (config, logger, ops, telemetry) => {
  const db = connectDatabase(config.database.url, { maxConnections: 4, name: 'zknode-sequencer' })
  addNodeChecks(ops, db, config)
  const metrics = createSequencerMetrics(ops.registry)
  const sequencer = new Sequencer({
    ...{ db, config, logger },
    observer: {
      ...metrics,
      blockStored(block) {
        metrics.blockStored(block)
        if (telemetry !== undefined) tellMined(telemetry, block)
      },
    },
  })
  ops.checks.add(
    'sequencer',
    stallCheck(() => sequencer.progress()),
  )
  const connection = await connectTemporal(config, logger)
  const { namespace } = config.temporal
  const client = new Client({ connection, namespace })
  const worker = await Worker.create({
    ...workerDefaults(telemetry),
    connection,
    namespace,
    taskQueue: TASK_QUEUE.sequencer,
    activities: createSequencingActivities({ sequencer, tell: createTell(client) }),
    // One collects; under load five wait for their turns, and after a failure old attempts end beside new ones.
    maxConcurrentActivityTaskExecutions: 12,
  })
  return {
    workers: [worker],
    close: async () => {
      await sequencer.close()
      await connection.close()
      await db.$client.end({ timeout: 5 })
    },
  }
})
