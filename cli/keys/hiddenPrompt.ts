import { createInterface } from 'node:readline/promises'
import type { Readable } from 'node:stream'
import { Writable } from 'node:stream'
import { UsageError } from '#common/errors.ts'

export class PromptEndedError extends UsageError {
  override readonly name = 'PromptEndedError'
}

type Terminal = { input: Readable; output: Writable }

/** A line from the terminal that is not shown while it is typed. @throws {PromptEndedError} after Ctrl-C or Ctrl-D */
export async function askHidden(
  question: string,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input, output: nowhere, terminal: true })
  const ended = new AbortController()
  lines.once('SIGINT', () => ended.abort()).once('close', () => ended.abort())
  output.write(question)
  try {
    return await lines.question('', { signal: ended.signal })
  } catch (cause) {
    if (!ended.signal.aborted) throw cause
    throw new PromptEndedError('Nothing was entered.')
  } finally {
    lines.close()
    output.write('\n')
  }
}
