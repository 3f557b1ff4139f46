import type { Command } from 'commander'

export type Printed = { json?: boolean }

/** Adds `--json` to a command that prints facts. */
export const withJson = (command: Command) => command.option('--json', 'print one JSON value, for programs')

/** The answer of a command on standard output: for people, or exactly one JSON value. Amounts become decimal strings. */
export function print(value: unknown, lines: () => readonly string[], { json }: Printed): void {
  if (json) say(JSON.stringify(value, (_, field) => (typeof field === 'bigint' ? field.toString() : field), 2))
  else for (const line of lines()) say(line)
}

/** Progress, and what else is not the answer. */
export const note = (line: string) => process.stderr.write(`${line}\n`)

const say = (line: string) => process.stdout.write(`${line}\n`)
