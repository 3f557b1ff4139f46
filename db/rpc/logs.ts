import { and, asc, eq, getTableColumns, gte, inArray, isNotNull, lte, type SQL, sql } from 'drizzle-orm'
import type { Address, BlockNumber, Hash } from '#protocol/primitives.ts'
import type { LogRow } from '../blocks.ts'
import type { Queryable } from '../client.ts'
import { l2Blocks, logs } from '../schema.ts'

/** Which logs: undefined or no addresses means any; a topic position that is undefined matches every log that has it. */
export type LogCriteria = {
  addresses?: readonly Address[] | undefined
  topics?: readonly (readonly Hash[] | undefined)[] | undefined
}

/** A log with the two facts of its block that JSON-RPC repeats. */
export type FoundLog = LogRow & { blockHash: Hash; blockTimestamp: number }

const TOPIC_COLUMNS = [logs.topic0, logs.topic1, logs.topic2, logs.topic3] as const

/** Logs of blocks `from` to `to`, both included, in order; at most `limit`. */
export async function findLogs(
  db: Queryable,
  { from, to, limit, ...criteria }: LogCriteria & { from: number; to: number; limit: number },
): Promise<FoundLog[]> {
  const inRange = and(gte(logs.blockNumber, from as BlockNumber), lte(logs.blockNumber, to as BlockNumber))
  return await db
    .select({ ...getTableColumns(logs), blockHash: l2Blocks.hash, blockTimestamp: l2Blocks.timestamp })
    .from(logs)
    .innerJoin(l2Blocks, eq(l2Blocks.blockNumber, logs.blockNumber))
    .where(and(inRange, ...matches(criteria)))
    .orderBy(asc(logs.blockNumber), asc(logs.logIndex))
    .limit(limit)
}

function matches({ addresses = [], topics = [] }: LogCriteria): SQL[] {
  const conditions: SQL[] = []
  if (addresses.length > 0) conditions.push(inArray(logs.address, [...addresses]))
  if (topics.length > TOPIC_COLUMNS.length) conditions.push(sql`false`)
  for (const [position, column] of TOPIC_COLUMNS.entries()) {
    if (position >= topics.length) break
    const wanted = topics[position]
    if (wanted === undefined || wanted.length === 0) conditions.push(isNotNull(column))
    else if (wanted.length === 1) conditions.push(eq(column, wanted[0]!))
    else conditions.push(inArray(column, [...wanted]))
  }
  return conditions
}
