import { sql } from 'drizzle-orm'
import {
  bigint,
  bigserial,
  check,
  customType,
  index,
  integer,
  pgSchema,
  text,
  timestamp,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { AttemptEnd, ProofKind } from '#prover/proofStore.ts'
import type { ProverKind } from '#prover/types.ts'
import { batchNumber, rawBytes, safeInteger } from './columns.ts'

/** The proof store: what provers read and write, and who they are. May be in a database of its own (proofStore.url). */
export const proofStore = pgSchema('proofs')

const now = (name: string) => timestamp(name, { withTimezone: true }).notNull().defaultNow()
const moment = (name: string) => timestamp(name, { withTimezone: true })
/** Compared byte by byte in any database, so that the keys with one beginning are a range of the index. */
const objectKey = customType<{ data: string }>({ dataType: () => 'text collate "C"' })

/** Witnesses, inputs of jobs and proofs, by key: see prover/objectStore.ts. */
export const objects = proofStore.table('objects', {
  key: objectKey('key').primaryKey(),
  content: rawBytes('content').notNull(),
  createdAt: now('created_at'),
})

/** How a try ended: `lost` ended without a word, and another one took its place. */
export type AttemptOutcome = AttemptEnd | 'lost'

/** One row per try of a job. The columns of the prover are null until one has taken the job. */
export const attempts = proofStore.table(
  'attempts',
  {
    id: bigserial('id', { mode: 'number' }).primaryKey(),
    jobId: text('job_id').notNull(),
    kind: text('kind').$type<ProofKind>().notNull(),
    fromBatch: batchNumber('from_batch').notNull(),
    toBatch: batchNumber('to_batch').notNull(),
    attempt: integer('attempt').notNull(), // of this job, from 1
    proverId: text('prover_id'),
    proverName: text('prover_name'),
    proverKind: text('prover_kind').$type<ProverKind>(),
    requestId: text('request_id'), // what a remote prover calls the job
    startedAt: now('started_at'),
    endedAt: moment('ended_at'), // null while open
    outcome: text('outcome').$type<AttemptOutcome>(), // null while open
    error: text('error'),
  },
  (table) => [
    uniqueIndex('attempts_job').on(table.jobId, table.attempt),
    uniqueIndex('attempts_open').on(table.jobId).where(sql`${table.endedAt} is null`),
    index('attempts_range').on(table.fromBatch, table.toBatch),
    index('attempts_prover').on(table.proverId, table.id),
    index('attempts_end').on(table.endedAt, table.id),
    check('attempts_ended', sql`(${table.endedAt} is null) = (${table.outcome} is null)`),
  ],
)

export type ProverState = 'idle' | 'busy' | 'aside' | 'gone'

/** Who is or was connected. */
export const provers = proofStore.table(
  'provers',
  {
    proverId: text('prover_id').primaryKey(),
    name: text('name').notNull(),
    kind: text('kind').$type<ProverKind>().notNull(),
    address: text('address'), // of the other end of its connection
    forkId: integer('fork_id'),
    cores: integer('cores'),
    memoryBytes: safeInteger('memory_bytes'),
    freeMemoryBytes: safeInteger('free_memory_bytes'),
    state: text('state').$type<ProverState>().notNull(),
    reason: text('reason'), // of aside and gone
    asideUntil: moment('aside_until'),
    jobId: text('job_id'), // while busy; one of them when it has several
    connectedAt: now('connected_at'),
    seenAt: now('seen_at'),
    proved: bigint('proved', { mode: 'number' }).notNull().default(0),
    failed: bigint('failed', { mode: 'number' }).notNull().default(0),
  },
  (table) => [index('provers_state').on(table.state, table.seenAt)],
)
