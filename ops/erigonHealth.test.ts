import { expect, test } from 'vitest'
import { checkAsErigon } from './erigonHealth.ts'
import type { Check } from './health.ts'

const since = '2026-01-01T00:00:00.000Z'
const checks: Record<string, Check> = {
  head: { ok: true, required: true, since, blockNumber: 10, ageSeconds: 30 },
  sync: { ok: false, required: true, since },
}
const check = (header: string) => checkAsErigon(header, { status: 'ready', checks })

test('only what is asked for is checked', () => {
  expect(check('check_block10, max_seconds_behind30')).toEqual({
    isHealthy: true,
    report: {
      synced: 'DISABLED',
      min_peer_count: 'DISABLED',
      check_block: 'HEALTHY',
      max_seconds_behind: 'HEALTHY',
    },
  })
})

test.each([
  ['synced', 'synced', 'ERROR: not synced'],
  ['min_peer_count1', 'min_peer_count', 'ERROR: not enough peers: 0 (minimum 1)'],
  ['check_block11', 'check_block', 'ERROR: no known block with number 11'],
  ['max_seconds_behind29', 'max_seconds_behind', 'ERROR: timestamp too old: 30 seconds (maximum 29)'],
])('%s fails', (header, name, text) => {
  const { isHealthy, report } = check(header)
  expect(isHealthy).toBe(false)
  expect(report).toMatchObject({ [name]: text })
})
