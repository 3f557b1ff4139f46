import { expect, test } from 'vitest'
import { opsPortOf, opsSchema, PROCESS_ROLES } from './ops.ts'

const portsOf = (ops: object) => PROCESS_ROLES.map((role) => opsPortOf(role, opsSchema.parse(ops)))

test('the operations ports of a node follow that of its API in a fixed order', () => {
  expect(PROCESS_ROLES.join()).toBe('api,workflows,sequencer,synchronizer,prover,aggregator,follower')
  expect(portsOf({})).toEqual([9091, 9092, 9093, 9094, 9095, 9096, 9097])
  expect(portsOf({ port: 9500, ports: { api: 80, prover: 0 } })).toEqual([80, 9501, 9502, 9503, 0, 9505, 9506])
})

test('0 is a free port for each', () => {
  expect(portsOf({ port: 0, ports: { prover: 9200 } })).toEqual([0, 0, 0, 0, 9200, 0, 0])
})
