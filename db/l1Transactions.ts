import { and, asc, desc, eq, getTableColumns, gte, inArray, lte, max, ne, or, sql } from 'drizzle-orm'
import { NodeError } from '#common/errors.ts'
import {
  EMPTY_TRANSACTION_GAS,
  type L1TransactionAttempt,
  type L1TransactionRecord,
  type L1TransactionStore,
} from '#etherman/l1TransactionStore.ts'
import { type Address, BatchNumber, type Hash } from '#protocol/primitives.ts'
import type { Database, Queryable } from './client.ts'
import { assertLease } from './leases.ts'
import {
  cursors,
  l1Senders,
  l1TransactionAttempts,
  l1Transactions,
  sequences,
  verifications,
  virtualBatches,
} from './schema.ts'

export class L1TransactionNotFoundError extends NodeError {
  override readonly name = 'L1TransactionNotFoundError'
}

type Row = Omit<typeof l1Transactions.$inferSelect, 'data'>

/** What is read again and again while a transaction waits: data and signed forms are large, and read when needed. */
const { data: _data, ...RECORD } = getTableColumns(l1Transactions)
const { raw: _raw, ...ATTEMPT } = getTableColumns(l1TransactionAttempts)

const isUnfinished = inArray(l1Transactions.status, ['created', 'sent'])

/** Records of our L1 transactions in the State DB. */
export function createL1TransactionStore(db: Database): L1TransactionStore {
  return {
    async findLast(job) {
      const row = await findLastOfJob(db, job)
      return row && toRecord(row)
    },

    reserve: (transaction, place) =>
      db.transaction(async (tx) => {
        await lockSender(tx, transaction.sender)
        const last = await findLastOfJob(tx, transaction.job)
        if (last !== undefined && last.id !== place.after) return toRecord(last)
        const nonce = Math.max(place.chainNonce, (await findHighestNonce(tx, transaction.sender)) + 1)
        const { job, fence, ...fields } = transaction
        if (fence !== undefined) await assertLease(tx, fence)
        const row = { ...fields, id: nextId(job, last?.id), nonce, status: 'created' as const }
        const [inserted] = await tx.insert(l1Transactions).values(row).returning(RECORD)
        return toRecord(inserted!)
      }),

    async findUnfinished(sender, upToNonce) {
      const rows = await db
        .select(RECORD)
        .from(l1Transactions)
        .where(and(eq(l1Transactions.sender, sender), lte(l1Transactions.nonce, upToNonce), isUnfinished))
        .orderBy(asc(l1Transactions.nonce))
      if (rows.length === 0) return []
      const attempts = await db
        .select(ATTEMPT)
        .from(l1TransactionAttempts)
        .where(
          inArray(
            l1TransactionAttempts.id,
            rows.map(({ id }) => id),
          ),
        )
        .orderBy(asc(l1TransactionAttempts.maxFeePerGas), asc(l1TransactionAttempts.createdAt))
      return rows.map((row) => ({
        record: toRecord(row),
        attempts: attempts.filter(({ id }) => id === row.id).map(toAttempt),
      }))
    },

    async get(id) {
      const [row] = await db.select(RECORD).from(l1Transactions).where(eq(l1Transactions.id, id))
      return toRecord(found(row, id))
    },

    async findAttempts(id) {
      const rows = await db
        .select(ATTEMPT)
        .from(l1TransactionAttempts)
        .where(eq(l1TransactionAttempts.id, id))
        .orderBy(asc(l1TransactionAttempts.maxFeePerGas), asc(l1TransactionAttempts.createdAt))
      return rows.map(toAttempt)
    },

    async getData(id) {
      const { data, withdrawn } = l1Transactions
      const [row] = await db.select({ data, withdrawn }).from(l1Transactions).where(eq(l1Transactions.id, id))
      return found(row, id).withdrawn ? new Uint8Array() : row!.data
    },

    async getRaw(hash) {
      const { raw } = l1TransactionAttempts
      const [row] = await db.select({ raw }).from(l1TransactionAttempts).where(eq(l1TransactionAttempts.hash, hash))
      return found(row, hash).raw
    },

    addAttempt: (id, attempt, raw) =>
      db.transaction(async (tx) => {
        const { id: ofRecord, hash, maxFeePerGas } = l1TransactionAttempts
        const isOfRecord = and(eq(l1Transactions.id, id), isUnfinished)
        const [record] = await tx.select({ id: l1Transactions.id }).from(l1Transactions).where(isOfRecord).for('update')
        if (record === undefined) return false
        const isAsDear = and(eq(ofRecord, id), gte(maxFeePerGas, attempt.maxFeePerGas))
        const [other] = await tx.select({ hash }).from(l1TransactionAttempts).where(isAsDear).limit(1)
        if (other !== undefined) return false
        await tx.insert(l1TransactionAttempts).values({ id, ...attempt, raw })
        const sent = { status: 'sent', hash: attempt.hash, updatedAt: new Date() } as const
        await tx.update(l1Transactions).set(sent).where(eq(l1Transactions.id, id))
        return true
      }),

    async settle(id, outcome) {
      await db
        .update(l1Transactions)
        .set({ ...outcome, updatedAt: new Date() })
        .where(and(eq(l1Transactions.id, id), isUnfinished))
    },

    withdraw: (id) =>
      db.transaction(async (tx) => {
        const [row] = await tx.select(RECORD).from(l1Transactions).where(eq(l1Transactions.id, id))
        const { sender, nonce, status } = found(row, id)
        await lockSender(tx, sender)
        if (status !== 'created' || (await findHighestNonce(tx, sender)) > nonce) return false
        const updated = await tx
          .update(l1Transactions)
          .set({ status: 'abandoned', updatedAt: new Date() })
          .where(and(eq(l1Transactions.id, id), eq(l1Transactions.status, 'created')))
          .returning({ id: l1Transactions.id })
        return updated.length > 0
      }),

    async makeEmpty(id, gasLimit) {
      await db
        .update(l1Transactions)
        .set({ recipient: sql`${l1Transactions.sender}`, data: new Uint8Array(), gasLimit, updatedAt: new Date() })
        .where(and(eq(l1Transactions.id, id), isUnfinished))
    },

    async abandon(id) {
      await db
        .update(l1Transactions)
        .set({ status: 'abandoned', updatedAt: new Date() })
        .where(and(eq(l1Transactions.id, id), isUnfinished))
    },
  }
}

/** The oldest sequence that is on its way to L1: to be finished before another is planned. */
export async function findUnfinishedSequence(
  db: Queryable,
): Promise<{ fromBatch: BatchNumber; toBatch: BatchNumber } | undefined> {
  const [row] = await db
    .select({ fromBatch: l1Transactions.fromBatch, toBatch: l1Transactions.toBatch })
    .from(l1Transactions)
    .where(and(eq(l1Transactions.purpose, 'sequence'), eq(l1Transactions.withdrawn, false), isUnfinished))
    .orderBy(asc(l1Transactions.nonce))
    .limit(1)
  return row && { fromBatch: row.fromBatch!, toBatch: row.toBatch! }
}

/** The sequence that ends with a batch, when it was mined. */
export async function findMinedSequence(
  db: Queryable,
  toBatch: BatchNumber,
): Promise<{ hash: Hash; range: { fromBatch: BatchNumber; toBatch: BatchNumber } } | undefined> {
  const { purpose, status, fromBatch, hash } = l1Transactions
  const [row] = await db
    .select({ fromBatch, hash })
    .from(l1Transactions)
    .where(and(eq(purpose, 'sequence'), eq(status, 'mined'), eq(l1Transactions.toBatch, toBatch)))
    .orderBy(desc(l1Transactions.nonce))
    .limit(1)
  return row && { hash: row.hash!, range: { fromBatch: row.fromBatch!, toBatch } }
}

/**
 * The last verification that L1 settled, when it reverted it and nobody has verified its batches since. One that was no
 * longer wanted tells nothing, nor does one that L1 took before the sequence which it verifies: a reorg had parted them.
 */
export async function findRevertedVerification(
  db: Queryable,
): Promise<{ id: string; error: string | null } | undefined> {
  const { id, error, status, purpose, nonce, toBatch, withdrawn } = l1Transactions
  const [row] = await db
    .select({
      ...{ id, error, status },
      isVerified: sql<boolean>`${toBatch} <= (select coalesce(max(${verifications.toBatch}), 0) from ${verifications})`,
      wasSequenced: sql<boolean>`exists (select from ${virtualBatches} virtual
        where virtual.batch_number = ${l1Transactions}.to_batch
          and virtual.l1_block_number < ${l1Transactions}.l1_block_number)`,
    })
    .from(l1Transactions)
    .where(and(eq(purpose, 'verify'), eq(withdrawn, false), inArray(status, ['mined', 'reverted', 'cancelled'])))
    .orderBy(desc(nonce))
    .limit(1)
  if (row?.status !== 'reverted' || row.isVerified || !row.wasSequenced) return undefined
  return { id: row.id, error: row.error }
}

/** Last batch of the sequences that were mined, read back from L1 or not; 0 for none. */
export async function findLastSequenceSent(db: Queryable): Promise<BatchNumber> {
  const [row] = await db
    .select({ toBatch: max(l1Transactions.toBatch) })
    .from(l1Transactions)
    .where(and(eq(l1Transactions.purpose, 'sequence'), eq(l1Transactions.status, 'mined')))
  return BatchNumber(row?.toBatch ?? 0)
}

/**
 * Transactions that were mined in an L1 block which the synchronizer has read, without finding what they did: a reorg
 * took them before it came there. They count as sent again. Returns their ids.
 */
export async function reopenLostTransactions(db: Queryable): Promise<string[]> {
  const rows = await db
    .update(l1Transactions)
    .set({ status: 'sent', l1BlockNumber: null, updatedAt: new Date() })
    .where(
      and(
        eq(l1Transactions.status, 'mined'),
        sql`${l1Transactions.l1BlockNumber} <= (select ${cursors.position} from ${cursors} where ${cursors.name} = 'synchronizer')`,
        or(
          and(
            eq(l1Transactions.purpose, 'sequence'),
            sql`${l1Transactions.toBatch} > (select coalesce(max(${sequences.toBatch}), 0) from ${sequences})`,
          ),
          and(
            eq(l1Transactions.purpose, 'verify'),
            sql`${l1Transactions.toBatch} > (select coalesce(max(${verifications.toBatch}), 0) from ${verifications})`,
          ),
        ),
      ),
    )
    .returning({ id: l1Transactions.id })
  return rows.map(({ id }) => id)
}

/**
 * Sequences and verifications of this batch or a later one are not wanted any more. L1 may have taken one all the same;
 * one that has to be sent, now or after a reorg, becomes an empty transaction with its nonce.
 */
export async function withdrawTransactions(tx: Queryable, fromBatch: BatchNumber): Promise<void> {
  await tx
    .update(l1Transactions)
    .set({ withdrawn: true, updatedAt: new Date() })
    .where(and(inArray(l1Transactions.purpose, ['sequence', 'verify']), gte(l1Transactions.toBatch, fromBatch)))
}

/** What an account that we send from has now. */
export async function storeSenderBalance(db: Queryable, sender: typeof l1Senders.$inferInsert): Promise<void> {
  const row = { ...sender, updatedAt: new Date() }
  await db.insert(l1Senders).values(row).onConflictDoUpdate({ target: l1Senders.address, set: row })
}

/** Accounts that we send from, with what was last seen of them. */
export async function findSenderBalances(db: Queryable): Promise<(typeof l1Senders.$inferSelect)[]> {
  return await db.select().from(l1Senders).orderBy(asc(l1Senders.address))
}

/** Until the end of the transaction, nobody else reserves a nonce of this sender. */
async function lockSender(tx: Queryable, sender: Address): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`l1-nonce-${sender}`}, 0))`)
}

async function findLastOfJob(db: Queryable, job: string): Promise<Row | undefined> {
  const [row] = await db
    .select(RECORD)
    .from(l1Transactions)
    .where(or(eq(l1Transactions.id, job), sql`starts_with(${l1Transactions.id}, ${`${job}#`})`))
    .orderBy(desc(sql`length(${l1Transactions.id})`), desc(l1Transactions.id))
    .limit(1)
  return row
}

function nextId(job: string, last: string | undefined): string {
  if (last === undefined) return job
  return `${job}#${last === job ? 2 : Number(last.slice(job.length + 1)) + 1}`
}

/** -1 for none. */
async function findHighestNonce(tx: Queryable, sender: Address): Promise<number> {
  const [row] = await tx
    .select({ nonce: max(l1Transactions.nonce) })
    .from(l1Transactions)
    .where(and(eq(l1Transactions.sender, sender), ne(l1Transactions.status, 'abandoned')))
  return row?.nonce ?? -1
}

function toRecord({ hash, l1BlockNumber, error, ...row }: Row): L1TransactionRecord {
  const { id, sender, recipient, nonce, gasLimit, status, withdrawn } = row
  return {
    ...{ id, sender, recipient, nonce, gasLimit, status },
    ...(withdrawn && { withdrawn, recipient: sender, gasLimit: EMPTY_TRANSACTION_GAS }),
    ...(hash !== null && { hash }),
    ...(l1BlockNumber !== null && { l1BlockNumber }),
    ...(error !== null && { error }),
  }
}

type AttemptRow = Omit<typeof l1TransactionAttempts.$inferSelect, 'raw'>

function toAttempt({ hash, maxFeePerGas, maxPriorityFeePerGas, cancels }: AttemptRow): L1TransactionAttempt {
  return { hash, maxFeePerGas, maxPriorityFeePerGas, cancels }
}

/** @throws {L1TransactionNotFoundError} */
function found<T>(row: T | undefined, id: string): T {
  if (row === undefined) throw new L1TransactionNotFoundError('No such record of an L1 transaction.', { facts: { id } })
  return row
}
