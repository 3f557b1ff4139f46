import type { Hex } from '#protocol/primitives.ts'
import { L1RpcError } from './errors.ts'
import { L1FeeLimitError } from './reverts.ts'
import type { L1Rpc } from './rpc.ts'

/** Wei per gas. `legacy`: this L1 has no base fee; a transaction has one gas price, and both values are it. */
export type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint; legacy?: true }

/** The most that is ever offered, wei per gas; undefined for no limit. */
export type FeeLimits = { maxFeePerGas?: bigint | undefined; maxPriorityFeePerGas?: bigint | undefined }

const DEFAULT_TIP_WEI = 1_000_000_000n

/**
 * What the newest block suggests, within the limits: room for the base fee to double, which takes six full blocks. On an
 * L1 without base fees its own gas price. @throws {L1FeeLimitError} when L1 takes nothing within the limits now
 */
export async function suggestFees(rpc: L1Rpc, limits: FeeLimits = {}): Promise<Fees> {
  const block = await rpc.call<{ baseFeePerGas?: Hex }>('eth_getBlockByNumber', ['latest', false])
  if (block.baseFeePerGas === undefined) {
    const gasPrice = BigInt(await rpc.call<Hex>('eth_gasPrice', []))
    assertWithin(gasPrice, limits)
    return { maxFeePerGas: gasPrice, maxPriorityFeePerGas: gasPrice, legacy: true }
  }
  const baseFee = BigInt(block.baseFeePerGas)
  assertWithin(baseFee, limits)
  const tip = smaller(await suggestTip(rpc), limits.maxPriorityFeePerGas)
  const maxFeePerGas = smaller(2n * baseFee + tip, limits.maxFeePerGas)
  return { maxFeePerGas, maxPriorityFeePerGas: smaller(tip, maxFeePerGas) }
}

/** Not every endpoint has an opinion. */
async function suggestTip(rpc: L1Rpc): Promise<bigint> {
  try {
    return BigInt(await rpc.call<Hex>('eth_maxPriorityFeePerGas', []))
  } catch (error) {
    if (error instanceof L1RpcError) return DEFAULT_TIP_WEI
    throw error
  }
}

/**
 * Fees for a replacement: both an eighth above the old ones, which nodes ask for, or what is suggested when more.
 * Undefined when the limits leave no room for that.
 */
export function bumpFees(old: Fees, suggested: Fees, limits: FeeLimits = {}): Fees | undefined {
  const maxPriorityFeePerGas = larger(anEighthMore(old.maxPriorityFeePerGas), suggested.maxPriorityFeePerGas)
  const maxFeePerGas = larger(anEighthMore(old.maxFeePerGas), suggested.maxFeePerGas, maxPriorityFeePerGas)
  const tipLimit = suggested.legacy ? undefined : limits.maxPriorityFeePerGas
  if (isAbove(maxFeePerGas, limits.maxFeePerGas) || isAbove(maxPriorityFeePerGas, tipLimit)) return undefined
  if (!suggested.legacy) return { maxFeePerGas, maxPriorityFeePerGas }
  return { maxFeePerGas, maxPriorityFeePerGas: maxFeePerGas, legacy: true }
}

function assertWithin(price: bigint, { maxFeePerGas: limit }: FeeLimits): void {
  if (isAbove(price, limit))
    throw new L1FeeLimitError('L1 is dearer than the limit of fees.', {
      facts: { pricePerGasWei: String(price), limitWei: String(limit) },
      docs: 'docs/runbooks/l1-transaction.md',
    })
}

const isAbove = (wei: bigint, limit: bigint | undefined) => limit !== undefined && wei > limit
const anEighthMore = (wei: bigint) => (wei * 9n + 7n) / 8n
const larger = (first: bigint, ...others: bigint[]) => others.reduce((a, b) => (isAbove(a, b) ? a : b), first)
const smaller = (wei: bigint, limit: bigint | undefined) => (isAbove(wei, limit) ? limit! : wei)
