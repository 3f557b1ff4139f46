import { Writable } from 'node:stream'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createLogger, withLogFields } from './logger.ts'

/** What the logger of a process writes, into memory. */
function collect() {
  const lines: Record<string, unknown>[] = []
  const sink = new Writable({
    write(chunk, _, done) {
      lines.push(JSON.parse(String(chunk)))
      done()
    },
  })
  const logger = createLogger('sequencer')
  // @ts-expect-error: the stream of a logger has no other way in
  logger[pino.symbols.streamSym] = sink
  return { lines, logger }
}

test('lines of what runs inside have its fields, also those of other rooms and after waiting; others have not', async () => {
  const { lines, logger } = collect()
  const work = (workflowId: string) =>
    withLogFields({ workflowId, attempt: 2 }, async () => {
      await new Promise(setImmediate)
      logger.info({ batchNumber: 7 }, 'closed')
    })
  logger.info('outside')
  await Promise.all([work('batch-7'), work('batch-8')])
  expect(
    lines.map(({ role, workflowId, attempt, batchNumber, msg }) => ({ role, workflowId, attempt, batchNumber, msg })),
  ).toEqual([
    { role: 'sequencer', msg: 'outside' },
    { role: 'sequencer', workflowId: 'batch-7', attempt: 2, batchNumber: 7, msg: 'closed' },
    { role: 'sequencer', workflowId: 'batch-8', attempt: 2, batchNumber: 7, msg: 'closed' },
  ])
})
