import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  breakEvenGasPrice,
  chargedGasPrice,
  DEFAULT_EFFECTIVE_GAS_PRICE_PARAMS as defaults,
  EmptyGasPriceError,
  effectiveGasPrice,
  effectivePercentage,
  isGasPriceEnough,
  secondRunGasPrice,
} from './effectiveGasPrice.ts'

describe('the percentage byte', () => {
  test.each([
    [1_000_000_000n, 500_000_000n, 127, 500_000_000n],
    [1_000_000_000n, 500_000_001n, 128, 503_906_250n],
    [1_000_000_000n, 999_999_999n, 255, 1_000_000_000n],
    [1000n, 1n, 0, 3n],
    [7n, 3n, 109, 3n],
  ])('of price %s and %s wanted is %i, which charges %s', (gasPrice, wanted, percentage, charged) => {
    expect(effectivePercentage(gasPrice, wanted)).toBe(percentage)
    expect(effectiveGasPrice(gasPrice, percentage)).toBe(charged)
  })

  test('is the smallest that charges what is wanted', () => {
    const price = fc.bigInt({ min: 1n, max: 2n ** 256n - 1n })
    fc.assert(
      fc.property(price, price, (a, b) => {
        const [gasPrice, wanted] = a > b ? [a, b] : [b, a]
        const percentage = effectivePercentage(gasPrice, wanted)
        expect(effectiveGasPrice(gasPrice, percentage)).toBeGreaterThanOrEqual(wanted)
        if (percentage > 0) expect(effectiveGasPrice(gasPrice, percentage - 1)).toBeLessThan(wanted)
      }),
    )
  })

  test.each([
    [0n, 1n],
    [1n, 0n],
  ])('of price %s and %s wanted does not exist', (gasPrice, wanted) => {
    expect(() => effectivePercentage(gasPrice, wanted)).toThrow(EmptyGasPriceError)
  })
})

describe('the break-even price', () => {
  // 3 non-zero and 2 zero bytes, and the percentage byte: 4 * 16 + 2 * 4 = 72 L1 gas
  const batchBytes = Uint8Array.of(1, 0, 2, 0, 3)
  const transaction = { batchBytes, gasPrice: 5n, gasUsed: 100n, l1GasPrice: 1000n }

  test('pays for L2 gas and L1 bytes', () => {
    expect(breakEvenGasPrice(transaction, defaults)).toBe((100n * 250n + 72n * 1000n) / 100n)
  })

  test('grows with the profit asked', () => {
    expect(breakEvenGasPrice(transaction, { ...defaults, netProfit: 1.2 })).toBe((970n * 12n) / 10n)
  })

  test('is the signed price of a transaction without gas, and at least 1', () => {
    expect(breakEvenGasPrice({ ...transaction, gasUsed: 0n }, defaults)).toBe(5n)
    expect(breakEvenGasPrice({ ...transaction, gasUsed: 30_000_000n, l1GasPrice: 1n }, defaults)).toBe(1n)
  })

  test('of a plain transfer may be fixed or follow L1', () => {
    const transfer = { ...transaction, gasUsed: 21000n }
    expect(breakEvenGasPrice(transfer, { ...defaults, ethTransferGasPrice: 9n })).toBe(9n)
    expect(breakEvenGasPrice(transfer, { ...defaults, ethTransferL1GasPriceFactor: 0.5 })).toBe(500n)
    expect(breakEvenGasPrice(transfer, { ...defaults, ethTransferL1GasPriceFactor: 0.0001 })).toBe(1n)
    expect(breakEvenGasPrice(transaction, { ...defaults, ethTransferGasPrice: 9n })).toBe(970n)
  })

  test('needs an L1 gas price', () => {
    expect(() => breakEvenGasPrice({ ...transaction, l1GasPrice: 0n }, defaults)).toThrow(EmptyGasPriceError)
  })
})

describe('the price charged', () => {
  test('is the break-even price, in proportion to a generous offer, and never above the offer', () => {
    expect(chargedGasPrice(100n, { gasPrice: 150n, l2GasPrice: 200n })).toBe(100n)
    expect(chargedGasPrice(100n, { gasPrice: 300n, l2GasPrice: 200n })).toBe(150n)
    expect(chargedGasPrice(250n, { gasPrice: 150n, l2GasPrice: 200n })).toBe(150n)
    expect(() => chargedGasPrice(0n, { gasPrice: 150n, l2GasPrice: 200n })).toThrow(EmptyGasPriceError)
  })

  test('is enough for the pool when it covers the margin or reaches the suggested price', () => {
    const l2GasPrice = 200n
    expect(isGasPriceEnough(100n, { gasPrice: 110n, l2GasPrice }, defaults)).toBe(true)
    expect(isGasPriceEnough(100n, { gasPrice: 109n, l2GasPrice }, defaults)).toBe(false)
    expect(isGasPriceEnough(1000n, { gasPrice: 200n, l2GasPrice }, defaults)).toBe(true)
  })

  test.each([
    ['kept when it was the full price', { first: 200n, second: 100n, readsGasPrice: false }, undefined],
    ['kept within the deviation', { first: 100n, second: 110n, readsGasPrice: false }, undefined],
    ['corrected beyond it', { first: 100n, second: 111n, readsGasPrice: false }, 111n],
    ['corrected downwards', { first: 100n, second: 89n, readsGasPrice: false }, 89n],
    ['the full price when the result depends on it', { first: 100n, second: 111n, readsGasPrice: true }, 200n],
    ['the full price when the cost exceeds it', { first: 100n, second: 201n, readsGasPrice: false }, 200n],
  ])('is after the first run %s', (_, run, price) => {
    expect(secondRunGasPrice({ ...run, gasPrice: 200n }, defaults)).toBe(price)
  })
})
