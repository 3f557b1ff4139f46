import { NodeError } from '#common/errors.ts'

/** A price of zero leaves nothing to take a share of; such transactions carry percentage 255. */
export class EmptyGasPriceError extends NodeError {
  override readonly name = 'EmptyGasPriceError'
}

/** Shares of the signed price are counted in 1/256; 255 charges all of it. */
export const FULL_PRICE_PERCENTAGE = 255

/** Wei per gas that is charged, and that GASPRICE returns. Rounds down. @param percentage 0..255 */
export function effectiveGasPrice(gasPrice: bigint, percentage: number): bigint {
  return (gasPrice * BigInt(percentage + 1)) / 256n
}

/**
 * Smallest byte whose price is at least `wanted` wei per gas, 255 when `wanted` is not below the signed price.
 * @throws {EmptyGasPriceError} when either price is not positive
 */
export function effectivePercentage(gasPrice: bigint, wanted: bigint): number {
  if (gasPrice <= 0n || wanted <= 0n)
    throw new EmptyGasPriceError('Effective gas price of zero.', { facts: { gasPrice, wanted } })
  if (wanted >= gasPrice) return FULL_PRICE_PERCENTAGE
  return Number((wanted * 256n + gasPrice - 1n) / gasPrice) - 1
}

/** How the cost of a transaction follows from the L1 gas price. Factors count to nine decimals. */
export type EffectiveGasPriceParams = {
  /** Share of the L1 gas price asked for one unit of L2 gas. */
  l1GasPriceFactor: number
  /** L1 gas for a non-zero byte of batch data. */
  byteGasCost: number
  /** L1 gas for a zero byte of batch data. */
  zeroByteGasCost: number
  /** 1 covers costs, 1.2 earns a fifth. */
  netProfit: number
  /** The pool asks for this many times the break-even price. */
  breakEvenFactor: number
  /** Change of the price after a run, in percent, below which the run is kept. */
  finalDeviationPercent: number
  /** Wei per gas for plain transfers; 0 when they are priced as all others. */
  ethTransferGasPrice: bigint
  /** Share of the L1 gas price for plain transfers; 0 when unused. Not together with `ethTransferGasPrice`. */
  ethTransferL1GasPriceFactor: number
}

/** Defaults of zkevm-node. */
export const DEFAULT_EFFECTIVE_GAS_PRICE_PARAMS: EffectiveGasPriceParams = {
  l1GasPriceFactor: 0.25,
  byteGasCost: 16,
  zeroByteGasCost: 4,
  netProfit: 1,
  breakEvenFactor: 1.1,
  finalDeviationPercent: 10,
  ethTransferGasPrice: 0n,
  ethTransferL1GasPriceFactor: 0,
}

const PLAIN_TRANSFER_GAS = 21000n
const FACTOR_UNIT = 1_000_000_000

function times(value: bigint, factor: number): bigint {
  return (value * BigInt(Math.round(factor * FACTOR_UNIT))) / BigInt(FACTOR_UNIT)
}

const atLeastOne = (value: bigint) => (value < 1n ? 1n : value)

/**
 * Wei per gas at which the fee pays for L2 gas and for the L1 bytes. Rounds down, at least 1.
 * @param batchBytes the transaction as a batch carries it, without the percentage byte (counted here as non-zero)
 * @param gasUsed of the transaction; with 0 the signed price is the answer
 * @throws {EmptyGasPriceError} when the L1 gas price is not positive
 */
export function breakEvenGasPrice(
  { batchBytes, gasPrice, gasUsed, l1GasPrice }: PricedTransaction,
  params: EffectiveGasPriceParams,
): bigint {
  if (l1GasPrice <= 0n) throw new EmptyGasPriceError('No L1 gas price.', { facts: { l1GasPrice } })
  if (gasUsed === 0n) return gasPrice
  if (gasUsed === PLAIN_TRANSFER_GAS) {
    if (params.ethTransferGasPrice !== 0n) return params.ethTransferGasPrice
    if (params.ethTransferL1GasPriceFactor !== 0)
      return atLeastOne(times(l1GasPrice, params.ethTransferL1GasPriceFactor))
  }
  const zeroBytes = batchBytes.reduce((count, byte) => (byte === 0 ? count + 1 : count), 0)
  const nonZeroBytes = batchBytes.length - zeroBytes + 1
  const l1Gas = BigInt(nonZeroBytes * params.byteGasCost + zeroBytes * params.zeroByteGasCost)
  const cost = gasUsed * times(l1GasPrice, params.l1GasPriceFactor) + l1Gas * l1GasPrice
  return atLeastOne(times(cost / gasUsed, params.netProfit))
}

export type PricedTransaction = { batchBytes: Uint8Array; gasPrice: bigint; gasUsed: bigint; l1GasPrice: bigint }

/**
 * Price to charge: the break-even price, raised in proportion when the user offers more than the suggested L2 price.
 * Never above the signed price. @throws {EmptyGasPriceError} when there is nothing to charge
 */
export function chargedGasPrice(breakEven: bigint, { gasPrice, l2GasPrice }: OfferedPrice): bigint {
  const charged = l2GasPrice > 0n && gasPrice > l2GasPrice ? (breakEven * gasPrice) / l2GasPrice : breakEven
  if (charged === 0n) throw new EmptyGasPriceError('Effective gas price of zero.', { facts: { breakEven, gasPrice } })
  return charged < gasPrice ? charged : gasPrice
}

/** `gasPrice` as signed, `l2GasPrice` as this node suggests; both wei per gas. */
export type OfferedPrice = { gasPrice: bigint; l2GasPrice: bigint }

/** Pool rule: the offer reaches the suggested price, or the break-even price with its margin. */
export function isGasPriceEnough(
  breakEven: bigint,
  { gasPrice, l2GasPrice }: OfferedPrice,
  { breakEvenFactor }: Pick<EffectiveGasPriceParams, 'breakEvenFactor'>,
): boolean {
  return gasPrice >= l2GasPrice || gasPrice >= times(breakEven, breakEvenFactor)
}

/**
 * Price of a second run, after the first showed how much gas is used; undefined keeps the first.
 * @param readsGasPrice the run executed GASPRICE or BALANCE, so another price could change its result again
 */
export function secondRunGasPrice(
  {
    first,
    second,
    gasPrice,
    readsGasPrice,
  }: Record<'first' | 'second' | 'gasPrice', bigint> & { readsGasPrice: boolean },
  { finalDeviationPercent }: Pick<EffectiveGasPriceParams, 'finalDeviationPercent'>,
): bigint | undefined {
  if (first >= gasPrice) return undefined
  const deviation = first > second ? first - second : second - first
  if (deviation <= times(first, finalDeviationPercent) / 100n) return undefined
  return second < gasPrice && !readsGasPrice ? second : gasPrice
}
