import { randomUUID } from 'node:crypto'
import { Connection } from '@temporalio/client'
import { inject } from 'vitest'
import { ensureNamespace, readTemporalSettings } from '#devnet/temporalServer.ts'
import type {} from './setup/temporal.ts'

/** Where a test file's workers and clients connect to; workflow ids are its own. */
export type TestTemporal = { address: string; namespace: string }

/**
 * A namespace of its own on the run's Temporal server, with the search attributes of temporal-dev.yaml (about 150 ms).
 * Call it in `*.workflow.test.ts` and `*.e2e.test.ts`. TEMPORAL_ADDRESS names another server.
 */
export async function createTestNamespace(): Promise<TestTemporal> {
  const address = inject('temporalAddress')
  const namespace = `test-${randomUUID()}`
  const connection = await Connection.connect({ address })
  try {
    await ensureNamespace(connection, namespace, readTemporalSettings().searchAttributes)
  } finally {
    await connection.close()
  }
  return { address, namespace }
}
