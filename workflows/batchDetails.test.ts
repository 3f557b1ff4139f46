import { expect, test } from 'vitest'
import { hashOf } from '#test/blocks.ts'
import { describeBatch } from './batchDetails.ts'

test('a batch is described by what is known of it, as a table', () => {
  const view = { batchNumber: 7, status: 'virtual', proofRounds: 0, txCount: 0 } as const
  const details = describeBatch({ ...view, virtual: { l1BlockNumber: 10, l1TxHash: hashOf(1) } }, 9)
  expect(details.split('\n')).toEqual([
    'Batch **7** is **virtual**.',
    '',
    '| | |',
    '|---|---|',
    '| fork | 9 |',
    '| transactions | 0 |',
    `| sequenced | L1 block 10, transaction \`${hashOf(1)}\` |`,
  ])
})

test('a parked batch says what to do, and a foreign error does not break the table', () => {
  const view = { batchNumber: 7, status: 'proof-failed', proofRounds: 1, lastError: 'a | b\n  at c' } as const
  const details = describeBatch(view, 9, 'proof-failed')
  expect(details).toContain('retryProofNow')
  expect(details).toContain('What to do: `docs/runbooks/proof-failed.md`.')
  expect(details.split('\n').at(-1)).toBe('| last error | a \\| b at c |')
})
