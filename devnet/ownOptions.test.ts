import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { testConfig } from '#api/tests/testServer.ts'
import { mergeOptions, withOptionsOf } from './ownOptions.ts'

const folder = mkdtempSync(join(tmpdir(), 'zknode-options-'))
afterAll(() => rmSync(folder, { recursive: true }))

test('options of a file win, one by one; what it does not name stays', () => {
  const options = { sequencer: { batchMaxMs: 4000, grpc: { port: 1, asideMs: 5 } }, l1: { rpcUrl: 'http://l1' } }
  const own = { sequencer: { batchMaxMs: 500, grpc: { asideMs: 7 } }, log: { level: 'debug' } }
  expect(mergeOptions(options, own)).toEqual({
    sequencer: { batchMaxMs: 500, grpc: { port: 1, asideMs: 7 } },
    l1: { rpcUrl: 'http://l1' },
    log: { level: 'debug' },
  })
})

test('lists are replaced, and nothing changes nothing', () => {
  expect(mergeOptions({ attesters: ['a', 'b'] }, { attesters: ['c'] })).toEqual({ attesters: ['c'] })
  expect(mergeOptions({ attesters: ['a', 'b'] }, {})).toEqual({ attesters: ['a', 'b'] })
})

test('what is wrong in the file is named with it', () => {
  const options = testConfig('postgres://db.example/zknode')
  const file = join(folder, 'own.yaml')
  writeFileSync(file, 'log: { level: debug }\n')
  expect(withOptionsOf(options, file)).toEqual({ ...options, log: { level: 'debug' } })
  writeFileSync(file, 'sequencer: { batchMaxMS: 500 }\n')
  expect(() => withOptionsOf(options, file)).toThrow(
    `${file} is wrong:\n  sequencer.batchMaxMS: unknown option; did you mean sequencer.batchMaxMs?`,
  )
})
