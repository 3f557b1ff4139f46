import { findArrivals } from '#db/poolFeed.ts'
import { findNewestHeader, readHeaders } from '#db/rpc/blocks.ts'
import {
  deleteRpcFilter,
  findNewestArrival,
  findRpcFilter,
  insertRpcFilter,
  pollRpcFilter,
  type RpcFilter,
} from '#db/rpc/filters.ts'
import { type FoundLog, findLogs } from '#db/rpc/logs.ts'
import { findNewestRemoval, findRemovedBlocks, findRemovedLogs } from '#db/rpc/removed.ts'
import type { RpcFilterKind } from '#db/schema.ts'
import { requireHistory } from '../chain/history.ts'
import { type LogFilter, logFilterParam, matchesLog, parseLogFilter, readLogs } from '../chain/logFilter.ts'
import type { ApiDeps } from '../deps.ts'
import { busy, invalidParams, serverError } from '../errors.ts'
import { formatLog } from '../format.ts'
import { method, type RequestContext } from '../method.ts'
import { type BlockParameter, customParam, parseObject, quantityParam } from '../params.ts'
import * as schema from '../schemas.ts'
import { randomId } from '../wire/randomId.ts'

/** Most items of one kind that a poll delivers; the rest comes with the next. */
const MAX_CHANGES = 10_000

type Changes = { items: unknown[]; position: number; removal: number }

/** Logs, and filters that clients poll. */
export const ethLogMethods = (deps: ApiDeps) => {
  const { db, head } = deps

  async function createFilter(
    { ip }: RequestContext,
    { criteria = null, ...filter }: { kind: RpcFilterKind; position: number; criteria?: unknown },
  ): Promise<string> {
    const id = randomId()
    const removal = await findNewestRemoval(db)
    if (await insertRpcFilter(db, { ...filter, id, criteria, removal, owner: ip ?? null })) return id
    throw busy('too many filters')
  }

  async function readChanges(filter: RpcFilter): Promise<Changes> {
    const { kind, position, removal } = filter
    if (kind === 'pendingTransaction') {
      const rows = await findArrivals(db, { after: position, also: [], limit: MAX_CHANGES })
      return { items: rows.map(({ hash }) => hash), position: rows.at(-1)?.arrival ?? position, removal }
    }
    const newestRemoval = await findNewestRemoval(db)
    const gone = newestRemoval > removal ? await findRemovedBlocks(db, removal) : []
    // What took the place of blocks that are gone is new, and so is what follows it.
    const known = Math.min(position, ...gone.map(({ blockNumber }) => blockNumber - 1))
    const delivered = gone.filter(({ blockNumber }) => blockNumber <= position)
    const latest = gone.length === 0 ? head.latest.blockNumber : await readNewestBlockNumber()
    const from = Math.min(known, latest) + 1
    if (kind === 'block') {
      const headers = await readHeaders(db, { from, to: latest, limit: MAX_CHANGES })
      const items = headers.map(({ hash }) => hash)
      return { items, position: headers.at(-1)?.blockNumber ?? from - 1, removal: newestRemoval }
    }
    const criteria = parseLogFilter(filter.criteria, 0)
    const [first, last] = [firstBlock(criteria.fromBlock), lastBlock(criteria.toBlock)]
    const lost = (
      await findRemovedLogs(
        db,
        delivered.map(({ hash }) => hash),
      )
    ).filter((log) => log.blockNumber >= first && log.blockNumber <= last && matchesLog(log, criteria))
    const start = Math.max(from, first)
    const to = Math.min(latest, last, start + deps.limits.maxLogBlockRange - 1)
    if (start <= to) requireHistory(deps, start)
    const read = start > to ? { logs: [], to } : await readWholeBlocks(criteria, start, to)
    const items = [...lost.map((log) => formatLog(log, true)), ...read.logs.map((log) => formatLog(log))]
    return { items, position: Math.max(from - 1, read.to), removal: newestRemoval }
  }

  /** Logs of as many blocks as fit into one answer, of one block in any case. `to` is the last of them. */
  async function readWholeBlocks(
    criteria: LogFilter,
    from: number,
    to: number,
  ): Promise<{ logs: FoundLog[]; to: number }> {
    const { maxLogs } = deps.limits
    const found = await findLogs(deps.logsDb, { ...criteria, from, to, limit: maxLogs + 1 })
    if (found.length <= maxLogs) return { logs: found, to }
    const cut = found.at(-1)!.blockNumber
    if (cut > from) return { logs: found.filter(({ blockNumber }) => blockNumber < cut), to: cut - 1 }
    return {
      logs: await findLogs(deps.logsDb, { ...criteria, from, to: from, limit: Number.MAX_SAFE_INTEGER }),
      to: from,
    }
  }

  /** The head in memory may be of the chain that was left. */
  async function readNewestBlockNumber(): Promise<number> {
    return (await findNewestHeader(db))?.blockNumber ?? head.latest.blockNumber
  }

  return [
    method({
      name: 'eth_getLogs',
      summary: 'Logs of a range of blocks, or of one block',
      cost: 20,
      timeoutMs: deps.limits.logsTimeoutMs,
      params: [logFilterParam],
      result: schema.listOf(schema.log),
      handle: async ([filter]) => (await readLogs(deps, filter)).map((log) => formatLog(log)),
    }),
    method({
      name: 'eth_newFilter',
      summary: 'Filter of logs to come; its id',
      cost: 20,
      params: [
        customParam('filter', { type: 'object' }, (value, index) => {
          if (parseLogFilter(value, index).blockHash !== undefined) throw invalidParams('invalid block range params')
          const { address, topics, fromBlock, toBlock } = parseObject(value, index)
          return { address, topics, fromBlock, toBlock } // what else there is may be what Postgres does not store
        }),
      ],
      result: schema.id,
      handle: async ([criteria], context) =>
        await createFilter(context, { kind: 'log', position: head.latest.blockNumber, criteria }),
    }),
    method({
      name: 'eth_newBlockFilter',
      summary: 'Filter of blocks to come; its id',
      cost: 20,
      params: [],
      result: schema.id,
      handle: async (_, context) => await createFilter(context, { kind: 'block', position: head.latest.blockNumber }),
    }),
    method({
      name: 'eth_newPendingTransactionFilter',
      summary: 'Filter of transactions that come to wait; its id',
      cost: 20,
      params: [],
      result: schema.id,
      handle: async (_, context) =>
        await createFilter(context, { kind: 'pendingTransaction', position: await findNewestArrival(db) }),
    }),
    method({
      name: 'eth_getFilterChanges',
      summary: 'What is new since the last poll',
      cost: 20,
      timeoutMs: deps.limits.logsTimeoutMs,
      params: [quantityParam('filterId')],
      result: schema.either(schema.listOf(schema.hash), schema.listOf(schema.log)),
      handle: async ([id]) => {
        const changes = await pollRpcFilter(db, `0x${id.toString(16)}`, readChanges)
        if (changes === undefined) throw serverError('filter not found')
        return changes
      },
    }),
    method({
      name: 'eth_getFilterLogs',
      summary: 'All logs of a log filter',
      cost: 20,
      timeoutMs: deps.limits.logsTimeoutMs,
      params: [quantityParam('filterId')],
      result: schema.listOf(schema.log),
      handle: async ([id]) => {
        const filter = await findRpcFilter(db, `0x${id.toString(16)}`)
        if (filter === undefined || filter.kind !== 'log') throw serverError('filter not found')
        return (await readLogs(deps, parseLogFilter(filter.criteria, 0))).map((log) => formatLog(log))
      },
    }),
    method({
      name: 'eth_uninstallFilter',
      summary: 'Forgets a filter; whether there was one',
      cost: 1,
      params: [quantityParam('filterId')],
      result: schema.boolean,
      handle: async ([id]) => await deleteRpcFilter(db, `0x${id.toString(16)}`),
    }),
  ]
}

/** Bounds of what a filter delivers: tags move with the chain and bound nothing. */
const firstBlock = (block: BlockParameter) =>
  typeof block === 'object' && 'blockNumber' in block ? block.blockNumber : 0
const lastBlock = (block: BlockParameter) =>
  typeof block === 'object' && 'blockNumber' in block ? block.blockNumber : Number.MAX_SAFE_INTEGER
