import { expect, test } from 'vitest'
import { fault, fine, skipped, warning } from './finding.ts'
import { formatFindings } from './report.ts'

test('faults stand last, with what to do about each', () => {
  const findings = [
    { ...fault('database.url', 'is away', 'Start it.'), variable: 'DATABASE_URL' },
    fine('rpc.port', 'is free'),
    skipped('network.contracts', 'not compared'),
    warning('l1.rpcUrl', 'is old', 'Look.'),
  ]
  expect(formatFindings(findings)).toEqual([
    ...['Fine:', '  rpc.port: is free', ''],
    ...['Not checked:', '  network.contracts: not compared', ''],
    ...['Warnings:', '  l1.rpcUrl: is old', '      Look.', ''],
    ...['Faults:', '  database.url (from DATABASE_URL): is away', '      Start it.', ''],
    '1 fault, 1 warning.',
  ])
})

test('without faults the last line says so', () => {
  expect(formatFindings([fine('rpc.port', 'is free')]).at(-1)).toBe('All is well.')
  expect(formatFindings([warning('a', 'b', 'c')]).at(-1)).toBe('No faults, 1 warning.')
})
