import { Client } from '@temporalio/client'
import { Worker } from '@temporalio/worker'
import { createAcceptanceActivities } from '#activities/acceptance.ts'
import { createAggregationActivities } from '#activities/aggregation.ts'
import { createBatchActivities } from '#activities/batches.ts'
import { createL1SendingActivities } from '#activities/l1Sending.ts'
import { createProofJobActivities } from '#activities/proofJobs.ts'
import { createTell } from '#activities/tell.ts'
import { connectDatabase } from '#db/client.ts'
import { createDatabaseObjectStore } from '#db/objects.ts'
import { createFeeBumpCounter } from '#ops/metrics/l1EventMetrics.ts'
import { addHaltedMetrics } from '#ops/metrics/temporalMetrics.ts'
import { addNodeChecks } from '#ops/nodeChecks.ts'
import { adoptBatches } from '#synchronizer/adoptBatches.ts'
import { TASK_QUEUE } from '#workflows/messages.ts'
import { checkL1Signer, openL1Signer, signerCheck } from './l1Signer.ts'
import { openNodeMetrics } from './nodeMetrics.ts'
import { keepProofStoreClean } from './proofCleaning.ts'
import { aggregatorAddress, attestationDomain, attesterSet } from './proofSettings.ts'
import { runRole } from './run.ts'
import { startPruning, startSingletons } from './singletons.ts'
import { connectTemporal, workerDefaults } from './temporal.ts'
import { checkVerifier } from './verifierCheck.ts'
import { buildWorkflowBundle } from './workflowBundle.ts'

/** Runs all workflows, their short reads of the State DB, and the sender of L1 transactions. */
await runRole('workflows', async (config, logger, ops, telemetry) => {
  await checkVerifier(config, logger)
  const [sequencer, aggregator] = await Promise.all([
    openL1Signer('keys.sequencer', config.keys.sequencer, config),
    openL1Signer('keys.aggregator', config.keys.aggregator, config),
  ])
  await Promise.all([sequencer, aggregator].map((signer) => checkL1Signer(signer, logger)))
  const db = connectDatabase(config.database.url, { maxConnections: 6, name: 'zknode-workflows' })
  addNodeChecks(ops, db, config)
  if (config.signer.url !== undefined)
    ops.checks.add('signer', signerCheck([sequencer, aggregator]), { required: false }) // as L1: it is waited for
  const connection = await connectTemporal(config, logger)
  const { namespace } = config.temporal
  const client = new Client({ connection, namespace })
  const tell = createTell(client)
  const proofStore = connectDatabase(config.proofStore.url, { maxConnections: 4, name: 'zknode-workflows' })
  const closeMetrics = openNodeMetrics(ops, config)
  addHaltedMetrics(ops.registry, ops.temporal)
  const feeBumps = createFeeBumpCounter(ops.registry)
  const objects = createDatabaseObjectStore(proofStore)
  const { verifier, chainId } = config.network
  const isAttested = verifier === 'attestation'
  const proofs = {
    ...{ db, chainId, aggregator: aggregatorAddress(config) },
    ...(isAttested ? attesterSet(config) : { attesters: [], attestersRequired: 1 }),
    domain: isAttested ? attestationDomain(config) : undefined,
  }
  const common = { ...workerDefaults(telemetry), connection, namespace }
  const workflows = await Worker.create({
    ...common,
    taskQueue: TASK_QUEUE.batch,
    workflowBundle: { codePath: await buildWorkflowBundle() },
    activities: {
      ...createBatchActivities({ db }),
      ...createAggregationActivities({
        ...{ db, objects, client, ...config, verifier: config.network.verifier },
        sender: aggregatorAddress(config),
      }),
      ...createProofJobActivities({ ...proofs, objects }),
      ...createAcceptanceActivities({ ...proofs, objects, proofDb: proofStore, tell }),
    },
  })
  const l1 = await Worker.create({
    ...common,
    taskQueue: TASK_QUEUE.l1,
    activities: createL1SendingActivities({
      ...{ db, objects },
      config,
      logger,
      signers: { sequencer, aggregator },
      tell,
      onFeeBump: () => feeBumps.inc(),
    }),
    maxConcurrentActivityTaskExecutions: 4, // one sequence, one verification, and plans
  })
  await startSingletons(client, logger)
  await startPruning(client, logger, config)
  const adopted = await adoptBatches(db, client)
  if (adopted.length > 0) logger.warn({ batches: adopted }, 'batches that Temporal does not know get workflows')
  const stopCleaning = keepProofStoreClean({ db, proofStore, logger })
  return {
    workers: [workflows, l1],
    close: async () => {
      stopCleaning()
      await connection.close()
      await closeMetrics()
      await Promise.all([db, proofStore].map(({ $client }) => $client.end({ timeout: 5 })))
    },
  }
})
