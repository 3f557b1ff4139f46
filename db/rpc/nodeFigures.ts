import { sql } from 'drizzle-orm'
import type { Address } from '#protocol/primitives.ts'
import type { Queryable } from '../client.ts'

/** Seconds since the oldest batch in each stage entered it; 0 where there is none. */
export type StageAges = Record<'collecting' | 'sealed' | 'sequencing' | 'proving' | 'proven', number>

type Row = Record<string, string | null>
const rowsOf = async (db: Queryable, query: ReturnType<typeof sql>) => (await db.execute(query)) as unknown as Row[]
/** Name of the connections that metrics are read on. */
export const METRICS_POOL = 'zknode-metrics'
const LAST_VIRTUAL = sql`(select coalesce(max(batch_number), 0) from state.virtual_batches)`
const LAST_VERIFIED = sql`(select coalesce(max(to_batch), 0) from state.verifications)`

/**
 * How long batches are on their way, stage by stage. An open batch ages from its first transaction on. A node that only follows neither
 * checks nor proves: there, closed batches are `sequencing` until L1 has them and `proving` until L1 verified them.
 */
export async function readStageAges(db: Queryable, { checks }: { checks: boolean }): Promise<StageAges> {
  const unsequenced = sql`from state.batches where closed_at is not null and batch_number > ${LAST_VIRTUAL}`
  const proof = sql`select from state.proofs proof where proof.kind = 'batch' and proof.from_batch = virtual.batch_number`
  const [row] = await rowsOf(
    db,
    sql`select
      (select min(created_at) from state.l2_blocks block join state.batches using (batch_number)
        where closed_at is null and block.tx_count > 0) as collecting,
      (select min(closed_at) ${unsequenced} and checked_at is null and ${checks}) as sealed,
      (select min(coalesce(checked_at, closed_at)) ${unsequenced} and (checked_at is not null or not ${checks})) as sequencing,
      (select min(to_timestamp(block.timestamp)) from state.virtual_batches virtual
        join state.l1_blocks block on block.block_number = virtual.l1_block_number
        where virtual.batch_number > ${LAST_VERIFIED} and not exists (${proof})) as proving,
      (select min(created_at) from state.proofs where kind = 'batch' and to_batch > ${LAST_VERIFIED}) as proven,
      now() as now`,
  )
  const now = new Date(row!['now']!).getTime()
  const age = (stage: keyof StageAges) => {
    const since = row![stage]
    return since == null ? 0 : Math.max(0, (now - new Date(since).getTime()) / 1000)
  }
  return {
    ...{ collecting: age('collecting'), sealed: age('sealed'), sequencing: age('sequencing') },
    ...{ proving: age('proving'), proven: age('proven') },
  }
}

/** Seconds since the oldest batch that a user forced on L1, and that no batch of ours has taken; 0 for none. */
export async function readForcedBatchAge(db: Queryable): Promise<number> {
  const [row] = await rowsOf(
    db,
    sql`select coalesce(extract(epoch from now()) - min(forced_timestamp), 0) as age from state.forced_batches forced
      where not exists (select from state.batches taken where taken.forced_batch_number = forced.forced_batch_number)`,
  )
  return Math.max(0, Number(row!['age']))
}

/** Seconds since the oldest L1 transaction that is not settled was made; 0 for none. */
export async function readL1PendingAge(db: Queryable): Promise<number> {
  const [row] = await rowsOf(
    db,
    sql`select coalesce(extract(epoch from now() - min(created_at)), 0) as age from state.l1_transactions
      where status in ('created', 'sent')`,
  )
  return Number(row!['age'])
}

export type SenderFunds = { address: Address; role: 'sequencer' | 'aggregator'; balanceWei: number; alarmWei: number }

/** Accounts that send to L1, each by what it has sent, with what was last seen of them. */
export async function readSenderFunds(db: Queryable): Promise<SenderFunds[]> {
  const rows = await rowsOf(
    db,
    sql`select encode(address, 'hex') as address, balance_wei, alarm_wei,
      exists (select from state.l1_transactions where sender = address and purpose = 'verify') as verifies,
      exists (select from state.l1_transactions where sender = address and purpose <> 'verify') as sequences
      from state.l1_senders order by address`,
  )
  return rows.flatMap(({ address, balance_wei, alarm_wei, verifies, sequences }) => {
    const funds = { address: `0x${address}` as Address, balanceWei: Number(balance_wei), alarmWei: Number(alarm_wei) }
    const roles = [...(sequences ? ['sequencer' as const] : []), ...(verifies ? ['aggregator' as const] : [])]
    return roles.map((role) => ({ role, ...funds }))
  })
}

const SCHEMAS = ['pool', 'state', 'tree', 'proofs']

/** Bytes on disk of each table of ours in this database, indexes and large values counted in. */
export async function readTableSizes(db: Queryable): Promise<{ table: string; sizeBytes: number }[]> {
  const rows = await rowsOf(
    db,
    sql`select nspname || '.' || relname as table_name, pg_total_relation_size(class.oid) as size
      from pg_class class join pg_namespace on pg_namespace.oid = relnamespace
      where relkind = 'r' and nspname in (${sql.join(
        SCHEMAS.map((name) => sql`${name}`),
        sql`, `,
      )}) order by 1`,
  )
  return rows.map(({ table_name, size }) => ({ table: table_name!, sizeBytes: Number(size) }))
}

/** Connections of the node's processes that are in a transaction or a query now, by the name each pool goes by; without scrapes. */
export async function readBusyConnections(db: Queryable): Promise<{ pool: string; count: number }[]> {
  const rows = await rowsOf(
    db,
    sql`select application_name, count(*) filter (where state <> 'idle') as busy from pg_stat_activity
      where datname = current_database() and application_name like 'zknode%' and application_name <> ${METRICS_POOL}
      group by 1 order by 1`,
  )
  return rows.map(({ application_name, busy }) => ({ pool: application_name!, count: Number(busy) }))
}

/** Rejected transactions that are kept for their senders to read why. */
export async function countRejected(db: Queryable): Promise<number> {
  const [row] = await rowsOf(db, sql`select count(*) as count from pool.transactions where status = 'rejected'`)
  return Number(row!['count'])
}
