import { Command, InvalidArgumentError } from 'commander'
import { expect, test } from 'vitest'
import { NodeError, UsageError } from '#common/errors.ts'
import { ConfigError } from '#config/load.ts'
import { exitCodeOf, explain } from './program.ts'

/** How commander refuses these arguments of a command with a sub-command. */
function refusal(...args: string[]): unknown {
  const part = new Command('part').option('--count <n>', '', () => {
    throw new InvalidArgumentError('never')
  })
  const program = new Command('zknode').addCommand(part.action(() => {}))
  for (const command of [program, part]) command.exitOverride().configureOutput({ writeOut() {}, writeErr() {} })
  try {
    program.parse(args, { from: 'user' })
  } catch (error) {
    return error
  }
  throw new Error('it was accepted')
}

test.each([[[]], [['prt']], [['part', '--cnt']], [['part', '--count', '1']], [['part', 'extra']]])(
  '%j is wrong usage, told by commander itself',
  (args) => {
    const error = refusal(...args)
    expect(exitCodeOf(error)).toBe(2)
    expect(explain(error)).toBeUndefined()
  },
)

test('help is no mistake', () => expect(exitCodeOf(refusal('--help'))).toBe(0))

test('wrong options and configurations are wrong usage, a refusal is a failure', () => {
  expect(exitCodeOf(new UsageError('No.'))).toBe(2)
  expect(exitCodeOf(new ConfigError('No.'))).toBe(2)
  expect(exitCodeOf(new NodeError('No.'))).toBe(1)
  expect(exitCodeOf(new TypeError('No.'))).toBe(1)
})

test('a mistake of the user is one line with what helps; a fault of ours has its stack', () => {
  expect(explain(new NodeError('It is away.', { facts: { place: 'here' } }))).toBe('It is away. place=here')
  expect(explain(new NodeError('It is away.', { docs: 'docs/a.md' }))).toBe('It is away. See docs/a.md.')
  expect(explain(new TypeError('Undefined.'))).toContain('program.test.ts')
})
