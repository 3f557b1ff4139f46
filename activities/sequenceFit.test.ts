import { expect, test } from 'vitest'
import type { SequencableBatch } from '#db/sequencePlan.ts'
import { calldataCarrier } from '#etherman/sequenceCarrier.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { addressOf } from '#test/blocks.ts'
import { fitSequence } from './sequenceFit.ts'

const NOW = 1_000_000
const LIMITS = { maxBatches: 5, maxTransactionBytes: 131_072, maxGas: 30_000_000, maxAgeMs: 60_000 }
const batches = (sizes: readonly number[], change: Partial<SequencableBatch> = {}): SequencableBatch[] =>
  sizes.map((sizeBytes, index) => ({
    ...{ batchNumber: BatchNumber(2 + index), forkId: 9, coinbase: addressOf(1), sizeBytes },
    ...{ closedAt: new Date(NOW - 1000), ...change },
  }))
const fitting = (list: readonly SequencableBatch[], limits: Partial<typeof LIMITS> = {}) =>
  fitSequence(list, { ...LIMITS, ...limits }, calldataCarrier, NOW)

test('waits for more while there is room', () => {
  expect(fitting([])).toEqual({ count: 0, full: false })
  expect(fitting(batches([9, 9, 9]))).toEqual({ count: 3, full: false })
})

test('takes as many as fit by count, size and gas', () => {
  expect(fitting(batches([9, 9, 9, 9, 9, 9]))).toEqual({ count: 5, full: true })
  expect(fitting(batches([60_000, 60_000, 60_000]))).toEqual({ count: 2, full: true })
  expect(fitting(batches([50_000, 50_000]), { maxGas: 3_000_000 })).toEqual({ count: 1, full: true })
})

test('a single batch goes, however large', () => {
  expect(fitting(batches([120_000]), { maxTransactionBytes: 1, maxGas: 1 })).toEqual({ count: 1, full: false })
})

test('does not mix coinbases or forks', () => {
  const [first, second] = batches([9, 9])
  expect(fitting([first!, { ...second!, coinbase: addressOf(2) }])).toEqual({ count: 1, full: true })
  expect(fitting([first!, { ...second!, forkId: 10 }])).toEqual({ count: 1, full: true })
})

test('what has waited long enough goes at once', () => {
  expect(fitting(batches([9], { closedAt: new Date(NOW - 60_000) }))).toEqual({ count: 1, full: true })
})

test('the measure is above what the contracts take', () => {
  // contracts/README.md
  expect(calldataCarrier.measure([9]).gas).toBeGreaterThan(148_816)
  expect(calldataCarrier.measure([100_000]).gas).toBeGreaterThan(4_025_640)
})
