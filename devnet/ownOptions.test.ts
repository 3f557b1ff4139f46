import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { withOptionsOf } from './ownOptions.ts'

const folder = mkdtempSync(join(tmpdir(), 'zknode-options-'))
afterAll(() => rmSync(folder, { recursive: true }))

function merged(options: object, yaml: string): object {
  const file = join(folder, 'own.yaml')
  writeFileSync(file, yaml)
  return withOptionsOf(options, file)
}

test('options of a file win, one by one; what it does not name stays', () => {
  const options = { sequencer: { batchMaxMs: 4000, grpc: { port: 1, asideMs: 5 } }, l1: { rpcUrl: 'http://l1' } }
  const yaml = 'sequencer: { batchMaxMs: 500, grpc: { asideMs: 7 } }\nlog: { level: debug }\n'
  expect(merged(options, yaml)).toEqual({
    sequencer: { batchMaxMs: 500, grpc: { port: 1, asideMs: 7 } },
    l1: { rpcUrl: 'http://l1' },
    log: { level: 'debug' },
  })
})

test('lists are replaced, and an empty file changes nothing', () => {
  expect(merged({ attesters: ['a', 'b'] }, 'attesters: [c]')).toEqual({ attesters: ['c'] })
  expect(merged({ attesters: ['a', 'b'] }, '')).toEqual({ attesters: ['a', 'b'] })
})
