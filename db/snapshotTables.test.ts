import { is } from 'drizzle-orm'
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core'
import { expect, test } from 'vitest'
import * as schema from './schema.ts'
import { LEFT_OUT } from './snapshotTables.ts'

/** A new table is put here, or with its reason into LEFT_OUT. */
const KEPT = [
  ...['accounts', 'batches', 'chain', 'codes', 'cursors', 'dev_clock', 'forced_batches', 'fork_upgrades', 'l1_blocks'],
  ...['l1_info_leaves', 'l1_transaction_attempts', 'l1_transactions', 'l2_blocks', 'logs', 'node_versions'],
  ...['pre_etrog_events', 'pruned_transactions', 'pruning', 'rollbacks', 'sequences', 'storage', 'transactions'],
  ...['verifications', 'virtual_batches', 'witnesses'],
].map((name) => `state.${name}`)

test('of every table of the State DB it is decided whether snapshots have it', () => {
  const tables = Object.values(schema).filter((value) => is(value, PgTable))
  const names = tables
    .map((table) => getTableConfig(table))
    .filter((table) => table.schema !== 'pool')
    .map((table) => `${table.schema}.${table.name}`)
  expect([...KEPT, 'tree.nodes', ...Object.keys(LEFT_OUT)].toSorted()).toEqual(names.toSorted())
})
