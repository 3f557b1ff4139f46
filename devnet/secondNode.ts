import { join } from 'node:path'
import { Connection } from '@temporalio/client'
import { migrate } from '#db/migrate.ts'
import { readJson } from './dataFolder.ts'
import { type GenesisFile, storeGenesis } from './genesis.ts'
import type { SecondNode } from './network.ts'
import type { SecondNodeKind } from './options.ts'
import { createDatabase } from './postgresServer.ts'
import type { Progress } from './progress.ts'
import { followerServices } from './services.ts'
import { type Chain, type ConfigPlaces, FORK_ID, L2_CHAIN_ID, writeSecondNodeConfig } from './setup.ts'
import type { ProcessSpec } from './supervisor.ts'
import { ensureNamespace, readTemporalSettings } from './temporalServer.ts'

/** Of database and namespace, after the name of the first node's. */
const SUFFIX = { database: '_2', namespace: '-2', process: '-2' }

/**
 * A node beside the first: a database on the same server, a namespace on the same Temporal server (so ids of workflows
 * cannot collide), the genesis, and no keys. Safe to repeat on what is there.
 */
export async function setUpSecondNode(
  chain: Chain,
  places: ConfigPlaces & { kind: SecondNodeKind },
  { step }: Progress,
): Promise<{ node: SecondNode; services: ProcessSpec[] }> {
  const { folder, kind, rpcPort, temporalAddress } = places
  const url = new URL(places.databaseUrl)
  const database = `${decodeURIComponent(url.pathname.slice(1))}${SUFFIX.database}`
  url.pathname = `/${encodeURIComponent(database)}`
  const databaseUrl = url.href
  const temporalNamespace = `${places.temporalNamespace}${SUFFIX.namespace}`
  await step('Second node', async () => {
    await createDatabase(places.databaseUrl, database)
    await migrate(databaseUrl)
    const { deployment, l1ChainId, genesisRoot } = chain
    const { rollupManager, rollupId } = deployment
    const identity = { chainId: L2_CHAIN_ID, l1ChainId, rollupManager, rollupId, genesisRoot }
    await storeGenesis(databaseUrl, readJson<GenesisFile>(join(folder, 'genesis.json'))!, identity, FORK_ID)
    const connection = await Connection.connect({ address: temporalAddress })
    await ensureNamespace(connection, temporalNamespace, readTemporalSettings().searchAttributes)
    await connection.close()
  })
  const own = { ...places, databaseUrl, temporalNamespace, sequencerUrl: places.rpcUrl }
  const rpcUrl = `http://127.0.0.1:${rpcPort}`
  return {
    node: { kind, rpcUrl, wsUrl: `ws://127.0.0.1:${rpcPort}`, temporalNamespace, databaseUrl },
    services: followerServices(writeSecondNodeConfig(chain, own), SUFFIX.process),
  }
}
