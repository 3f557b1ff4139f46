import { workerData } from 'node:worker_threads'
import { connectDatabase } from '#db/client.ts'
import { Pace } from '#executor/evm/pace.ts'
import type { EvmJob } from './job.ts'
import { evmJobs, type JobKind } from './jobs.ts'
import { serveJobs } from './serveJobs.ts'
import { createThreadStates } from './threadStates.ts'

/** What a thread is started with. */
export type ThreadSettings = { databaseUrl: string; chainId: number; statementTimeoutMs: number }

const MAX_CONNECTIONS = 4

const { databaseUrl, chainId, statementTimeoutMs } = workerData as ThreadSettings
const db = connectDatabase(databaseUrl, { maxConnections: MAX_CONNECTIONS, name: 'zknode-api', statementTimeoutMs })
const states = createThreadStates(db)

/** Entry of the thread. */
serveJobs((kind, request, signal) => {
  const job = evmJobs[kind as JobKind] as EvmJob<unknown, unknown>
  return job.run(request, { db, states, chainId, pace: new Pace(signal) })
})
