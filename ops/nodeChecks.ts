import type { ProcessRole } from '#config/ops.ts'
import type { Config } from '#config/schema.ts'
import type { Database } from '#db/client.ts'
import type { Attention } from '#workflows/messages.ts'
import { databaseCheck } from './databaseCheck.ts'
import { l1Check } from './l1Check.ts'
import { nodeStatus } from './nodeStatus.ts'
import type { Ops } from './ops.ts'
import { haltedCheck } from './temporalView.ts'

const TALKS_TO_L1: readonly ProcessRole[] = ['workflows', 'synchronizer', 'follower']
/** Of reasons to halt, those for which a process does nothing more. */
const STOPPED_BY: Partial<Record<ProcessRole, readonly Attention[]>> = {
  synchronizer: ['sync-failed'],
  follower: ['sync-failed'],
}

/** Checks and status of a process that works on the State DB and serves nobody. */
export function addNodeChecks({ role, checks, temporal, addStatus }: Ops, db: Database, config: Config): void {
  checks.add('database', databaseCheck(db))
  if (TALKS_TO_L1.includes(role)) checks.add('l1', l1Check(config))
  const stoppedBy = STOPPED_BY[role]
  checks.add('halted', haltedCheck(temporal, stoppedBy), { required: stoppedBy !== undefined })
  addStatus(nodeStatus(db, config))
}
