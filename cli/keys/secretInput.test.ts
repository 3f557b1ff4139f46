import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { text } from 'node:stream/consumers'
import { afterAll, describe, expect, test } from 'vitest'
import { askHidden, PromptEndedError } from './hiddenPrompt.ts'
import { enterPassword, enterPrivateKey, SecretInputError, type SecretSource } from './secretInput.ts'

const KEY = `0x${'1a'.repeat(32)}`
const folder = mkdtempSync(join(tmpdir(), 'zknode-secret-'))
afterAll(() => rmSync(folder, { recursive: true }))

function file(content: string): string {
  const path = join(folder, 'secret')
  writeFileSync(path, content)
  return path
}

/** Somebody who answers so, or a pipe with all of it. */
function source(isTerminal: boolean, ...answers: string[]): SecretSource & { asked: string[] } {
  const asked: string[] = []
  const ask = async (question: string) => {
    asked.push(question)
    return answers.shift()!
  }
  return { isTerminal, asked, ask, readAll: async () => answers.join('\n') }
}

describe('the password', () => {
  test('is that of the file, else of the variable', async () => {
    const env = { ZKNODE_KEYSTORE_PASSWORD: 'of the variable' }
    const nobody = source(true)
    expect(await enterPassword(file('of the file\n'), nobody, env)).toBe('of the file')
    expect(await enterPassword(undefined, nobody, env)).toBe('of the variable')
    expect(nobody.asked).toEqual([])
  })

  test('else it is asked for twice', async () => {
    expect(await enterPassword(undefined, source(true, 'typed', 'typed'), {})).toBe('typed')
    await expect(enterPassword(undefined, source(true, 'typed', 'tpyed'), {})).rejects.toThrow(
      'The two passwords differ.',
    )
    await expect(enterPassword(undefined, source(true, '', ''), {})).rejects.toThrow('The password is empty.')
  })

  test('without a terminal it has to be given', async () => {
    await expect(enterPassword(undefined, source(false, 'piped'), {})).rejects.toThrow(
      'No terminal to ask for the password: set --password-file or ZKNODE_KEYSTORE_PASSWORD.',
    )
    await expect(enterPassword(file('\n'), source(false), {})).rejects.toThrow(SecretInputError)
    await expect(enterPassword(join(folder, 'none'), source(false), {})).rejects.toThrow('--password-file: cannot read')
  })
})

describe('the private key', () => {
  test('comes from a file, a pipe or a person, with or without 0x', async () => {
    expect(await enterPrivateKey(file(`${KEY}\n`), source(true))).toBe(KEY)
    expect(await enterPrivateKey(undefined, source(false, KEY.slice(2)))).toBe(KEY)
    const person = source(true, KEY)
    expect(await enterPrivateKey(undefined, person)).toBe(KEY)
    expect(person.asked).toEqual(['Private key: '])
  })

  test.each(['', 'zz', `${KEY}00`, `0x${'00'.repeat(32)}`])('%j is refused, and not repeated', async (wrong) => {
    const failure = await enterPrivateKey(undefined, source(false, wrong)).catch((error: Error) => error)
    expect(failure).toMatchObject({
      name: 'SecretInputError',
      message: 'That is no private key: it has 64 hex digits.',
    })
  })
})

describe('what is typed', () => {
  const open = () => ({ input: new PassThrough(), output: new PassThrough() })

  test('is not shown', async () => {
    const terminal = open()
    const asking = askHidden('Password: ', terminal)
    terminal.input.write('sesame\r')
    expect(await asking).toBe('sesame')
    terminal.output.end()
    expect(await text(terminal.output)).toBe('Password: \n')
  })

  test.each([
    ['Ctrl-C', '\u0003'],
    ['Ctrl-D', '\u0004'],
  ])('is nothing after %s', async (_, key) => {
    const terminal = open()
    const asking = askHidden('Password: ', terminal)
    terminal.input.write(key)
    await expect(asking).rejects.toThrow(PromptEndedError)
  })
})
