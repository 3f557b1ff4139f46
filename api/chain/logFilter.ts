import type { FoundLog, LogCriteria } from '#db/rpc/logs.ts'
import { findLogs } from '#db/rpc/logs.ts'
import type { Hash } from '#protocol/primitives.ts'
import type { ApiDeps } from '../deps.ts'
import { invalidArgument, invalidParams, serverError } from '../errors.ts'
import { quantity, topicsOf } from '../format.ts'
import {
  type BlockParameter,
  customParam,
  parseAddress,
  parseBlockNumberOrTag,
  parseHash,
  parseList,
  parseObject,
} from '../params.ts'
import { resolveBlockNumber } from './blockTag.ts'
import { findBlockByHash, requireHistory } from './history.ts'

/** Filter of execution-apis: a range, or one block by its hash. */
export type LogFilter = Required<LogCriteria> & {
  fromBlock: BlockParameter
  toBlock: BlockParameter
  blockHash: Hash | undefined
}

const MAX_ADDRESSES = 1000
const MAX_TOPICS_AT_POSITION = 1000

export const logFilterParam = customParam('filter', { type: 'object' }, parseLogFilter)

export function parseLogFilter(value: unknown, index: number): LogFilter {
  const { address, topics, fromBlock, toBlock, blockHash } = parseObject(value, index)
  const isGiven = (field: unknown) => field !== undefined && field !== null
  if (isGiven(blockHash) && (isGiven(fromBlock) || isGiven(toBlock)))
    throw invalidParams('cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other')
  return {
    addresses: isGiven(address) ? parseAddresses(address, index) : [],
    topics: isGiven(topics) ? parseList(topics, index).map((topic) => parseTopic(topic, index)) : [],
    fromBlock: isGiven(fromBlock) ? parseBlockNumberOrTag(fromBlock, index) : 'latest',
    toBlock: isGiven(toBlock) ? parseBlockNumberOrTag(toBlock, index) : 'latest',
    blockHash: isGiven(blockHash) ? parseHash(blockHash, index) : undefined,
  }
}

function parseAddresses(value: unknown, index: number) {
  const list = Array.isArray(value) ? value : [value]
  if (list.length > MAX_ADDRESSES) throw invalidArgument(index, `more than ${MAX_ADDRESSES} addresses`)
  return list.map((address) => parseAddress(address, index))
}

/** undefined is a wildcard. */
function parseTopic(value: unknown, index: number): readonly Hash[] | undefined {
  if (value === null) return undefined
  const list = Array.isArray(value) ? value : [value]
  if (list.length > MAX_TOPICS_AT_POSITION) throw invalidArgument(index, `more than ${MAX_TOPICS_AT_POSITION} topics`)
  return list.length === 0 || list.includes(null) ? undefined : list.map((topic) => parseHash(topic, index))
}

/** The same rule as the query's, for a log that is at hand. */
export function matchesLog(log: FoundLog, { addresses = [], topics = [] }: LogCriteria): boolean {
  if (addresses.length > 0 && !addresses.includes(log.address)) return false
  const present = topicsOf(log)
  return topics.every((wanted, position) => {
    const topic = present[position]
    return topic !== undefined && (wanted === undefined || wanted.length === 0 || wanted.includes(topic))
  })
}

/** @throws {RpcError} -32602 for a range or a result above the limits, -32000 for an unknown hash, 4444 */
export async function readLogs(deps: ApiDeps, filter: LogFilter): Promise<FoundLog[]> {
  const { from, to } = await resolveRange(deps, filter)
  return await readLogRange(deps, filter, from, to)
}

async function resolveRange(deps: ApiDeps, filter: LogFilter): Promise<{ from: number; to: number }> {
  if (filter.blockHash !== undefined) {
    const header = await findBlockByHash(deps, filter.blockHash)
    if (header === undefined) throw serverError('header for hash not found')
    return { from: header.blockNumber, to: header.blockNumber }
  }
  const from = (await resolveBlockNumber(deps, filter.fromBlock)) ?? 0
  const to = (await resolveBlockNumber(deps, filter.toBlock)) ?? 0
  if (from > to) throw invalidParams('invalid block range params')
  requireHistory(deps, from)
  const { latest } = deps.head
  if (deps.limits.strictTags && to > latest.blockNumber)
    throw invalidParams('block range extends beyond current head block')
  const last = Math.min(to, latest.blockNumber)
  const { maxLogBlockRange } = deps.limits
  if (last - from >= maxLogBlockRange)
    throw invalidParams(`logs are limited to a ${maxLogBlockRange} block range`, {
      from: quantity(from),
      to: quantity(from + maxLogBlockRange - 1),
      limit: maxLogBlockRange,
    })
  return { from, to: last }
}

/** Logs of blocks `from` to `to`, both included. @throws {RpcError} -32602 when there are too many */
async function readLogRange(
  { logsDb, limits: { maxLogs } }: ApiDeps,
  criteria: LogCriteria,
  from: number,
  to: number,
): Promise<FoundLog[]> {
  const found = await findLogs(logsDb, { ...criteria, from, to, limit: maxLogs + 1 })
  if (found.length <= maxLogs) return found
  const lastWhole = found.at(-1)!.blockNumber - 1
  throw invalidParams(`query returned more than ${maxLogs} results`, {
    from: quantity(from),
    to: quantity(Math.max(from, lastWhole)),
    limit: maxLogs,
  })
}
