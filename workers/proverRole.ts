import { Worker } from '@temporalio/worker'
import { createProvingActivities } from '#activities/proving.ts'
import type { Logger } from '#common/logger.ts'
import { readSecret } from '#config/load.ts'
import type { Config } from '#config/schema.ts'
import { connectDatabase } from '#db/client.ts'
import { createDatabaseProofStore } from '#db/proofStore.ts'
import { createAttestationProver } from '#prover/attestation.ts'
import { createReexecutionThreads } from '#prover/reexecutionThreads.ts'
import { createAttester } from '#prover/signature.ts'
import type { Prover } from '#prover/types.ts'
import { TASK_QUEUE } from '#workflows/messages.ts'
import { aggregatorAddress, attestationDomain, attesterSet } from './proofSettings.ts'
import type { Role } from './run.ts'
import { connectTemporal, WORKER_DEFAULTS } from './temporal.ts'

/** A prover, and what to close behind it. */
export type OpenProver = { prover: Prover; close: () => Promise<void> }

/** The embedded prover of the configuration. @throws {ConfigError} */
export function openAttestationProver(config: Config): OpenProver {
  const threads = createReexecutionThreads()
  const prover = createAttestationProver({
    name: config.prover.name,
    attester: createAttester(readSecret('keys.attester', config.keys.attester)),
    domain: attestationDomain(config),
    counting: attesterSet(config),
    reexecutor: threads,
  })
  return { prover, close: threads.close }
}

/** A worker on the prover's queue. It reads inputs and writes proofs; nothing else of the node is at its hands. */
export async function startProverRole(
  config: Config,
  logger: Logger,
  openProver: (config: Config) => OpenProver = openAttestationProver,
): Promise<Role> {
  const aggregator = aggregatorAddress(config)
  const { prover, close } = openProver(config)
  const db = connectDatabase(config.database.url, { maxConnections: 3, name: 'zknode-prover' })
  const connection = await connectTemporal(config, logger)
  const worker = await Worker.create({
    ...WORKER_DEFAULTS,
    connection,
    namespace: config.temporal.namespace,
    taskQueue: TASK_QUEUE.prover,
    activities: createProvingActivities({
      prover,
      store: createDatabaseProofStore({ db, chainId: config.network.chainId }),
      aggregator,
    }),
    maxConcurrentActivityTaskExecutions: config.prover.concurrency,
  })
  return {
    workers: [worker],
    close: async () => {
      await close()
      await connection.close()
      await db.$client.end({ timeout: 5 })
    },
  }
}
