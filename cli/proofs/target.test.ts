import { InvalidArgumentError } from 'commander'
import { expect, test } from 'vitest'
import { findRange, nameRange, readTarget, workflowOf } from './target.ts'

test.each([
  ['7', { fromBatch: 7, toBatch: 7 }, 'batch-7'],
  ['3-17', { fromBatch: 3, toBatch: 17 }, 'proof-3-17'],
])('%s', (text, range, workflowId) => {
  expect(readTarget(text)).toEqual(range)
  expect(workflowOf(range)).toBe(workflowId)
  expect(findRange(workflowId)).toEqual(range)
  expect(nameRange(range)).toBe(text)
})

test.each(['0', '', 'batch-7', '7-7', '7-3', '0-3', '1-', '-1', '1-2-3', '1e3', '9'.repeat(16)])(
  'refuses %j',
  (text) => {
    expect(() => readTarget(text)).toThrow(InvalidArgumentError)
  },
)

test('the final proof is the aggregator’s', () => {
  expect(readTarget('final')).toBe('final')
  expect(workflowOf('final')).toBe('aggregator')
})

test('batches of other workflows', () => {
  expect(findRange('l1-verify-3-9')).toEqual({ fromBatch: 3, toBatch: 9 })
  expect(findRange('aggregator')).toBeUndefined()
  expect(findRange('l1-sequence-3-9')).toBeUndefined()
})
