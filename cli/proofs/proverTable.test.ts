import { expect, test } from 'vitest'
import type { ProverRow } from '#db/provers.ts'
import { formatProvers } from './proverTable.ts'

const now = new Date('2026-01-01T01:00:00Z')
const inSeconds = (seconds: number) => new Date(now.getTime() + seconds * 1000)
const idle: ProverRow = {
  ...{ proverId: 'p1', name: 'farm', kind: 'remote', address: '10.0.0.1:4000', forkId: 9, state: 'idle', jobId: null },
  ...{ cores: 8, memoryBytes: 2 ** 34, freeMemoryBytes: 2 ** 33, reason: null, asideUntil: null },
  ...{ connectedAt: inSeconds(-3600), seenAt: inSeconds(-2), proved: 12, failed: 1 },
}

test('a line for each', () => {
  const aside: ProverRow = {
    ...{ ...idle, proverId: 'p2', state: 'aside', reason: 'Went\nquiet.', asideUntil: inSeconds(120) },
    ...{ cores: null, memoryBytes: null, freeMemoryBytes: null },
  }
  expect(formatProvers([idle, aside], now)).toEqual([
    'ID  NAME  KIND    STATE  JOB  PROVED  FAILED  CORES  MEMORY        SEEN    ASIDE FOR  REASON',
    'p1  farm  remote  idle   -    12      1       8      8.0/16.0 GiB  2s ago  -',
    'p2  farm  remote  aside  -    12      1       -      -             2s ago  2m         Went quiet.',
  ])
  expect(formatProvers([], now)).toEqual(['No prover was ever connected.'])
})
