import type { Hex } from '#protocol/primitives.ts'
import { L1RpcError } from './errors.ts'
import type { L1Rpc } from './rpc.ts'

/** Wei per gas. */
export type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }

const DEFAULT_TIP_WEI = 1_000_000_000n

/** What the newest block suggests: room for the base fee to double, which takes six full blocks. */
export async function suggestFees(rpc: L1Rpc): Promise<Fees> {
  const [block, maxPriorityFeePerGas] = await Promise.all([
    rpc.call<{ baseFeePerGas?: Hex }>('eth_getBlockByNumber', ['latest', false]),
    suggestTip(rpc),
  ])
  return { maxFeePerGas: 2n * BigInt(block.baseFeePerGas ?? 0) + maxPriorityFeePerGas, maxPriorityFeePerGas }
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

/** Fees for a replacement: both an eighth above the old ones, which nodes ask for, or what is suggested when more. */
export function bumpFees(old: Fees, suggested: Fees): Fees {
  const maxPriorityFeePerGas = larger(anEighthMore(old.maxPriorityFeePerGas), suggested.maxPriorityFeePerGas)
  const maxFeePerGas = larger(anEighthMore(old.maxFeePerGas), suggested.maxFeePerGas)
  return { maxFeePerGas: larger(maxFeePerGas, maxPriorityFeePerGas), maxPriorityFeePerGas }
}

const anEighthMore = (wei: bigint) => (wei * 9n + 7n) / 8n
const larger = (a: bigint, b: bigint) => (a > b ? a : b)
