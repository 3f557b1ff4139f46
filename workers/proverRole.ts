import { hostname } from 'node:os'
import { Worker } from '@temporalio/worker'
import { createProvingActivities } from '#activities/proving.ts'
import type { Logger } from '#common/logger.ts'
import type { ProverConfig } from '#config/schema.ts'
import { readPrivateKey } from '#config/secrets.ts'
import { createProofAttempts } from '#db/attempts.ts'
import { connectDatabase } from '#db/client.ts'
import { createDatabaseObjectStore } from '#db/objects.ts'
import { databaseCheck } from '#ops/databaseCheck.ts'
import type { Ops } from '#ops/ops.ts'
import { createAttestationProver } from '#prover/attestation.ts'
import { limitProver } from '#prover/limitedProver.ts'
import { createReexecutionThreads } from '#prover/reexecutionThreads.ts'
import { type Attester, createAttester } from '#prover/signature.ts'
import type { Prover } from '#prover/types.ts'
import type { Telemetry } from '#telemetry/telemetry.ts'
import { attesterQueue, PROVER_QUEUE } from '#workflows/messages.ts'
import { attestationDomain, attesterSet } from './proofSettings.ts'
import { createProverPresence } from './proverPresence.ts'
import type { Role } from './run.ts'
import { createSharedSlots, inSharedSlots } from './sharedSlots.ts'
import { connectTemporal, workerDefaults } from './temporal.ts'

/** A prover, and what to close behind it. */
export type OpenProver = { prover: Prover; close: () => Promise<void> }

/** Of processes with one name on one machine all are one to operators: give each its own `prover.name`. */
const proverIdOf = ({ prover }: ProverConfig) => `${prover.name}@${hostname()}`

/** @throws {ConfigError} */
const openAttester = async ({ keys }: ProverConfig): Promise<Attester> =>
  createAttester(await readPrivateKey('keys.attester', keys.attester, keys))

/** The embedded prover of the configuration. @throws {ConfigError} */
export function openAttestationProver(config: ProverConfig, attester: Attester): OpenProver {
  const threads = createReexecutionThreads()
  const prover = createAttestationProver({
    proverId: proverIdOf(config),
    name: config.prover.name,
    attester,
    domain: attestationDomain(config),
    counting: attesterSet(config),
    reexecutor: threads,
  })
  return { prover, close: threads.close }
}

/**
 * A prover at the queues for any prover, for embedded ones, and for its own attester, with the room of one. It reads
 * inputs and writes proofs; nothing else of the node is at its hands.
 */
export async function startProverRole(
  config: ProverConfig,
  logger: Logger,
  ops: Ops,
  telemetry: Telemetry | undefined,
  openProver: (config: ProverConfig, attester: Attester) => OpenProver = openAttestationProver,
): Promise<Role> {
  const { name, concurrency } = config.prover
  const attester = await openAttester(config)
  const { prover, close } = openProver(config, attester)
  const proofStore = connectDatabase(config.proofStore.url, { maxConnections: 3, name: 'zknode-prover' })
  ops.checks.add('database', databaseCheck(proofStore))
  const connection = await connectTemporal(config, logger)
  const presence = createProverPresence({ db: proofStore, proverId: proverIdOf(config), name, logger })
  const activities = createProvingActivities({
    prover: limitProver(presence.watch(prover), concurrency),
    objects: createDatabaseObjectStore(proofStore),
    attempts: createProofAttempts(proofStore),
    attester: attester.address,
  })
  const slots = createSharedSlots(concurrency)
  const common = { ...workerDefaults(telemetry), connection, namespace: config.temporal.namespace, activities }
  const queues = [PROVER_QUEUE.any, PROVER_QUEUE.embedded, attesterQueue(attester.address)]
  const workers = await Promise.all(
    queues.map((taskQueue) => Worker.create({ ...common, taskQueue, ...inSharedSlots(slots) })),
  )
  return {
    workers,
    close: async () => {
      await close()
      await presence.end()
      await connection.close()
      await proofStore.$client.end({ timeout: 5 })
    },
  }
}
