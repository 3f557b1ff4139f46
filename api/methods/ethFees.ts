import { readHeaders } from '#db/rpc/blocks.ts'
import { type FeeSample, readFeeSamples } from '#db/rpc/fees.ts'
import { resolveBlockNumber } from '../chain/blockTag.ts'
import { requireHistory } from '../chain/history.ts'
import type { ApiDeps } from '../deps.ts'
import { headerNotFound, invalidArgument } from '../errors.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import { blockNumberParam, customParam, optional, parseList, parseSafeQuantity } from '../params.ts'
import * as schema from '../schemas.ts'

const MAX_BLOCKS = 1024
const MAX_PERCENTILES = 100

const feeHistory = schema.component(
  'feeHistory',
  schema.object(
    {
      oldestBlock: schema.quantity,
      baseFeePerGas: schema.listOf(schema.quantity),
      gasUsedRatio: schema.listOf(schema.number),
    },
    { reward: schema.listOf(schema.listOf(schema.quantity)) },
  ),
)

/** Prices. The fork has no base fee: the whole price goes to the sequencer. */
export const ethFeeMethods = (deps: ApiDeps) => [
  method({
    name: 'eth_gasPrice',
    summary: 'Price per gas that is sure to be admitted, wei',
    cost: 1,
    params: [],
    result: schema.quantity,
    handle: () => quantity(deps.minGasPriceWei),
  }),
  method({
    name: 'eth_maxPriorityFeePerGas',
    summary: 'As eth_gasPrice: without a base fee all of the price is the tip',
    cost: 1,
    params: [],
    result: schema.quantity,
    handle: () => quantity(deps.minGasPriceWei),
  }),
  method({
    name: 'eth_baseFee',
    summary: 'Always 0x0: the fork has no base fee',
    cost: 1,
    params: [],
    result: schema.quantity,
    handle: () => '0x0',
  }),
  method({
    name: 'eth_feeHistory',
    summary: 'Use of gas and effective prices of past blocks',
    cost: 10,
    params: [
      customParam('blockCount', { type: ['string', 'integer'] }, parseBlockCount),
      blockNumberParam('newestBlock'),
      optional(customParam('rewardPercentiles', { type: 'array', items: { type: 'number' } }, parsePercentiles)),
    ],
    result: feeHistory,
    handle: async ([blockCount, newestBlock, percentiles]) => {
      const newest = await resolveBlockNumber(deps, newestBlock)
      if (newest === undefined || newest > deps.head.latest.blockNumber) throw headerNotFound()
      requireHistory(deps, newest)
      const count = Math.min(blockCount, MAX_BLOCKS, newest - deps.head.horizon.oldestBlock + 1)
      if (count === 0) return { oldestBlock: '0x0', gasUsedRatio: [], baseFeePerGas: [] }
      const oldest = newest - count + 1
      const [headers, samples] = await Promise.all([
        readHeaders(deps.db, { from: oldest, to: newest, limit: count }),
        percentiles === undefined ? new Map<number, FeeSample[]>() : readFeeSamples(deps.db, oldest, newest),
      ])
      return {
        oldestBlock: quantity(oldest),
        baseFeePerGas: new Array(headers.length + 1).fill('0x0'),
        gasUsedRatio: headers.map(({ gasUsed, gasLimit }) => (gasLimit === 0n ? 0 : gasUsed / Number(gasLimit))),
        ...(percentiles === undefined
          ? {}
          : { reward: headers.map(({ blockNumber }) => rewards(samples.get(blockNumber) ?? [], percentiles)) }),
      }
    },
  }),
]

/** Price of the transaction at which the share of the block's gas reaches each percentile. Samples ascend in price. */
export function rewards(samples: readonly FeeSample[], percentiles: readonly number[]): string[] {
  let total = 0
  for (const { gasUsed } of samples) total += gasUsed
  let index = 0
  let cumulative = samples[0]?.gasUsed ?? 0
  return percentiles.map((percentile) => {
    while (index < samples.length - 1 && cumulative < (total * percentile) / 100) {
      index += 1
      cumulative += samples[index]!.gasUsed
    }
    return quantity(samples[index]?.effectiveGasPrice ?? 0n)
  })
}

/** Clients send the count as a quantity or as a JSON number. */
function parseBlockCount(value: unknown, index: number): number {
  if (typeof value !== 'number') return parseSafeQuantity(value, index)
  if (!Number.isSafeInteger(value) || value < 0) throw invalidArgument(index, 'block count must be a whole number')
  return value
}

function parsePercentiles(value: unknown, index: number): number[] {
  const list = parseList(value, index)
  if (list.length > MAX_PERCENTILES) throw invalidArgument(index, `more than ${MAX_PERCENTILES} reward percentiles`)
  let previous = 0
  for (const percentile of list) {
    if (typeof percentile !== 'number' || percentile < previous || percentile > 100)
      throw invalidArgument(index, 'reward percentiles must ascend from 0 to 100')
    previous = percentile
  }
  return list as number[]
}
