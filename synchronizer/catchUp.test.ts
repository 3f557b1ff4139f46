import { pino } from 'pino'
import { expect, test } from 'vitest'
import { CatchUp } from './catchUp.ts'

test('a long reading is told at its beginning, every ten seconds and at its end', () => {
  const lines: Record<string, unknown>[] = []
  let now = 0
  const catchUp = new CatchUp(pino({ base: null }, { write: (line) => lines.push(JSON.parse(line)) }), () => now)
  expect(catchUp.begin(995, 1000)).toBe(false)
  expect(catchUp.begin(0, 1000)).toBe(true)
  for (let position = 100; position <= 1000; position += 100) {
    now += 4000
    const progress = catchUp.advance({ position, target: 1000 })
    expect(progress.etaSeconds).toBe(position === 1000 ? undefined : (1000 - position) / 25)
  }
  expect(lines.map(({ level: _, time: __, ...line }) => line)).toEqual([
    { position: 0, target: 1000, blocks: 1000, msg: 'reading L1 from far behind' },
    { position: 300, target: 1000, percent: 30, blocksPerSecond: 25, etaSeconds: 28, msg: 'reading L1' },
    { position: 600, target: 1000, percent: 60, blocksPerSecond: 25, etaSeconds: 16, msg: 'reading L1' },
    { position: 900, target: 1000, percent: 90, blocksPerSecond: 25, etaSeconds: 4, msg: 'reading L1' },
    { position: 1000, blocks: 1000, seconds: 40, msg: 'L1 is read' },
  ])
  expect(catchUp.advance({ position: 1000, target: 1001 })).toEqual({ position: 1000, target: 1001 })
})
