import { type HeaderRow, readHeaders } from '#db/rpc/blocks.ts'
import type { Address } from '#protocol/primitives.ts'
import { resolveBlockNumber } from '../chain/blockTag.ts'
import { requireHistory } from '../chain/history.ts'
import type { ApiDeps } from '../deps.ts'
import { invalidArgument, invalidParams } from '../errors.ts'
import {
  type BlockParameter,
  customParam,
  parseAddress,
  parseBlockNumberOrTag,
  parseList,
  parseObject,
} from '../params.ts'
import { type PlacedCall, partiesOf, readFlatCalls } from './flatTraces.ts'
import { MAX_TRACE_MS } from './traceConfig.ts'

/** Which calls of which blocks. */
export type TraceFilter = {
  fromBlock: BlockParameter
  toBlock: BlockParameter
  /** Who acts; anybody when empty. */
  fromAddress: ReadonlySet<Address>
  toAddress: ReadonlySet<Address>
  /** Whether one of both has to match, or both. */
  mode: 'union' | 'intersection'
  /** Calls that are passed over, and most calls after them. */
  after: number
  count: number
}

const MAX_ADDRESSES = 1000

export const traceFilterParam = customParam('filter', { type: 'object' }, parseTraceFilter)

/** Source of the form: Erigon, trace_filter. */
export function parseTraceFilter(value: unknown, index: number): TraceFilter {
  const fields = Object.entries(parseObject(value, index)).filter(([, field]) => field !== null)
  const { fromBlock, toBlock, fromAddress, toAddress, mode, after, count } = Object.fromEntries(fields)
  const block = (field: unknown, otherwise: BlockParameter) =>
    field === undefined ? otherwise : parseBlockNumberOrTag(field, index)
  const addresses = (field: unknown = []) => {
    const list = parseList(field, index)
    if (list.length > MAX_ADDRESSES) throw invalidArgument(index, `more than ${MAX_ADDRESSES} addresses`)
    return new Set(list.map((address) => parseAddress(address, index)))
  }
  const number = (field: unknown, otherwise: number) => {
    if (field === undefined) return otherwise
    if (!Number.isSafeInteger(field) || (field as number) < 0) throw invalidArgument(index, 'count expected')
    return field as number
  }
  if (mode !== undefined && mode !== 'union' && mode !== 'intersection') throw invalidArgument(index, 'unknown mode')
  return {
    fromBlock: block(fromBlock, 'earliest'),
    toBlock: block(toBlock, 'latest'),
    fromAddress: addresses(fromAddress),
    toAddress: addresses(toAddress),
    mode: mode ?? 'union',
    after: number(after, 0),
    count: number(count, Number.POSITIVE_INFINITY),
  }
}

/** @throws {RpcError} -32602 for a range or a result above the limits of logs, 4444 */
export async function findFlatCalls(
  deps: Pick<ApiDeps, 'db' | 'head' | 'evm' | 'evmBlock' | 'limits'>,
  filter: TraceFilter,
  signal: AbortSignal | undefined,
): Promise<PlacedCall[]> {
  const { maxLogs } = deps.limits
  const ends = performance.now() + MAX_TRACE_MS
  const found: PlacedCall[] = []
  let passed = 0
  for (const header of await readBlocksOf(deps, filter)) {
    const limits = { timeoutMs: Math.max(0, ends - performance.now()), signal }
    for (const call of await readFlatCalls(deps, header, limits)) {
      if (!matches(call, filter) || passed++ < filter.after) continue
      if (found.length === filter.count) return found
      if (found.length === maxLogs) throw invalidParams(`query returned more than ${maxLogs} results`)
      found.push(call)
    }
  }
  return found
}

async function readBlocksOf(
  deps: Pick<ApiDeps, 'db' | 'head' | 'limits'>,
  { fromBlock, toBlock }: TraceFilter,
): Promise<HeaderRow[]> {
  const [from = 0, to = 0] = [await resolveBlockNumber(deps, fromBlock), await resolveBlockNumber(deps, toBlock)]
  if (from > to) throw invalidParams('invalid block range params')
  requireHistory(deps, from)
  const last = Math.min(to, deps.head.latest.blockNumber)
  const { maxLogBlockRange } = deps.limits
  if (last - from >= maxLogBlockRange)
    throw invalidParams(`traces are limited to a ${maxLogBlockRange} block range`, {
      ...{ from, to: from + maxLogBlockRange - 1, limit: maxLogBlockRange },
    })
  const headers = await readHeaders(deps.db, { from, to: last, limit: maxLogBlockRange })
  return headers.filter(({ txCount }) => txCount > 0)
}

function matches(call: PlacedCall, { fromAddress, toAddress, mode }: TraceFilter): boolean {
  const { from, to } = partiesOf(call)
  const isFrom = fromAddress.has(from)
  const isTo = to !== undefined && toAddress.has(to)
  if (fromAddress.size === 0) return toAddress.size === 0 || isTo
  if (toAddress.size === 0) return isFrom
  return mode === 'union' ? isFrom || isTo : isFrom && isTo
}
