import { expect, test } from 'vitest'
import { metricsOf, namesIn } from './promql.ts'

test.each([
  ['up{job="zknode"} == 0', ['up']],
  ['min by (instance) (node_check_ok{check="up"}) == 0', ['node_check_ok']],
  ['pool_transactions{state="a"} > 0 and ignoring (state) changes(l2_head[5m]) == 0', ['pool_transactions', 'l2_head']],
  ['histogram_quantile(0.99, sum by (instance, le) (rate(rpc_x_bucket{m!~"a|b"}[5m]))) > 2', ['rpc_x_bucket']],
  ['process_resident_memory_bytes > 4e9', ['process_resident_memory_bytes']],
  ['a_total - ignoring (state) a_total', ['a_total']],
])('%s', (expr, names) => {
  expect(metricsOf(expr)).toEqual(names)
})

test('a histogram has three names more', () => {
  expect([...namesIn('# HELP a b\n# TYPE a histogram\na_sum 1\n# TYPE c gauge\nc 1\n')]).toEqual([
    ...['a', 'a_bucket', 'a_sum', 'a_count', 'c'],
  ])
})
