import { CancelledFailure } from '@temporalio/activity'
import { Worker } from '@temporalio/worker'
import { createProvingActivities } from '#activities/proving.ts'
import { ConfigError } from '#config/load.ts'
import type { Config } from '#config/schema.ts'
import { createProofAttempts } from '#db/attempts.ts'
import { connectDatabase } from '#db/client.ts'
import { createDatabaseObjectStore } from '#db/objects.ts'
import { answerReleases } from '#db/proverRelease.ts'
import { databaseCheck } from '#ops/databaseCheck.ts'
import { startAggregatorServer } from '#prover/remote/aggregatorServer.ts'
import type { ProofVerifier } from '#prover/remote/judge.ts'
import { PROVER_QUEUE } from '#workflows/messages.ts'
import { aggregatorAddress, attestationDomain, attesterSet } from './proofSettings.ts'
import { createProverList } from './proverList.ts'
import { runRole } from './run.ts'
import { createSharedSlots, inSharedSlots } from './sharedSlots.ts'
import { connectTemporal, workerDefaults } from './temporal.ts'

/**
 * Where provers dial in that speak aggregator.v1: takes jobs from the queues for any prover and for remote ones when one
 * of them is idle. It reads inputs and writes proofs; nothing else of the node is at its hands.
 */
await runRole('aggregator', async (config, logger, ops, telemetry) => {
  const { enabled: _, host, port, tls, asideMs, asideMaxMs, ...times } = config.aggregator.grpc
  const proofStore = connectDatabase(config.proofStore.url, { maxConnections: 4, name: 'zknode-aggregator' })
  ops.checks.add('database', databaseCheck(proofStore))
  const provers = createProverList(proofStore, logger)
  /** As many jobs as there are provers that could do one, those at work counted. */
  const slots = createSharedSlots(
    () => server.list().filter(({ state, jobId }) => state === 'idle' || jobId !== undefined).length,
  )
  const server = await startAggregatorServer({
    ...{ host, port, tls, logger, forkId: config.network.forkId, aggregator: aggregatorAddress(config) },
    verifier: verifierOf(config),
    aside: { baseMs: asideMs, maximumMs: asideMaxMs },
    times: { ...times, firstPollMs: Math.min(250, times.pollIntervalMs) },
    keepsRequest: (reason) => reason instanceof CancelledFailure && reason.message === 'WORKER_SHUTDOWN',
    onChange: (view) => {
      provers.note(view)
      slots.wake()
    },
  })
  logger.info({ host, port: server.port, tls: tls !== undefined }, 'provers may dial in')
  const stopAnswering = await answerReleases(
    proofStore,
    (proverId) => {
      const isKnown = server.release(proverId)
      if (isKnown) logger.info({ proverId }, 'an operator trusts the prover again')
      return isKnown
    },
    (err) => logger.warn({ err }, 'nobody hears that the prover is trusted again'),
  )
  const connection = await connectTemporal(config, logger)
  const { namespace } = config.temporal
  const activities = createProvingActivities({
    prover: server.prover,
    objects: createDatabaseObjectStore(proofStore),
    attempts: createProofAttempts(proofStore),
  })
  const common = { ...workerDefaults(telemetry), connection, namespace, activities }
  const workers = await Promise.all(
    [PROVER_QUEUE.any, PROVER_QUEUE.remote].map((taskQueue) =>
      Worker.create({ ...common, taskQueue, ...inSharedSlots(slots) }),
    ),
  )
  return {
    workers,
    close: async () => {
      await stopAnswering()
      await server.close()
      await provers.close()
      await connection.close()
      await proofStore.$client.end({ timeout: 5 })
    },
  }
})

function verifierOf(config: Config): ProofVerifier {
  const { verifier: kind } = config.network
  if (kind !== 'attestation') return { kind }
  const { attesters, attestersRequired } = attesterSet(config)
  if (attestersRequired > 1)
    throw new ConfigError(
      'Remote provers have no part where several attesters are required: network.attestersRequired.',
    )
  return { kind, domain: attestationDomain(config), attesters }
}
