import { type Command, CommanderError } from 'commander'
import { NodeError, UsageError } from '#common/errors.ts'
import { ConfigError } from '#config/load.ts'
import { note } from './output.ts'

/** How a command ends. failed: what was asked for was refused, or a check found faults. */
export const EXIT = { done: 0, failed: 1, usage: 2 } as const

/** Runs the command that the arguments name, and ends the process. */
export async function runProgram(program: Command): Promise<never> {
  throwInsteadOfExit(program)
  process.stdout.on('error', stopWhenNobodyReads)
  try {
    await program.parseAsync()
  } catch (error) {
    process.exitCode = exitCodeOf(error)
    const text = explain(error)
    if (text !== undefined) note(text)
  }
  process.exit()
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage
  return error instanceof UsageError || error instanceof ConfigError ? EXIT.usage : EXIT.failed
}

/** What is told of an error; nothing of those that commander has told already. A stack is of a fault of ours. */
export function explain(error: unknown): string | undefined {
  if (error instanceof CommanderError) return undefined
  if (error instanceof NodeError)
    return error.docs === undefined ? error.message : `${error.message} See ${error.docs}.`
  return error instanceof Error ? error.stack : String(error)
}

/** Commander would exit with 1 for any wrong usage. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride()
  for (const part of command.commands) throwInsteadOfExit(part)
}

/** `zknode … | head` has read enough. */
function stopWhenNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit()
}
