import { expect, test } from 'vitest'
import { formatAmount } from './amounts.ts'

test.each([
  [0n, '0'],
  [1n, '<0.000001'],
  [10n ** 12n, '0.000001'],
  [10n ** 17n, '0.1'],
  [10n ** 18n, '1'],
  [1_234_567_890_123_456_789n, '1.234567'],
])('%d wei', (wei, text) => expect(formatAmount(wei)).toBe(text))
