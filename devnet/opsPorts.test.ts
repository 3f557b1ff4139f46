import { expect, test } from 'vitest'
import { chooseOpsPorts } from './opsPorts.ts'

test('each process has the port of its place, and another one where that is busy', async () => {
  const asked: string[] = []
  const choose = async (name: string, preferred: number) => {
    asked.push(`${name} ${preferred}`)
    return preferred === 9093 ? 20_001 : preferred
  }
  expect(await chooseOpsPorts(choose, 9091, ['api', 'workflows', 'sequencer', 'prover'])).toEqual({
    port: 9091,
    ports: { sequencer: 20_001 },
  })
  expect(asked).toEqual([
    'operations of api 9091',
    'operations of workflows 9092',
    'operations of sequencer 9093',
    'operations of prover 9095',
  ])
})
