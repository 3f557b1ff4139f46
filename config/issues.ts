import type { z } from 'zod'
import type { Problems } from './sections.ts'
import { suggestOption } from './unknownOption.ts'

type Issue = z.core.$ZodIssue

/** An option that is wrong, and how. */
export type WrongOption = { option: string; problem: string }

/** Every option that is wrong, once. @param problems told already, by option @param value what was checked */
export function wrongOptions(problems: Problems, issues: readonly Issue[], value: unknown): WrongOption[] {
  const isTold = (place: string) => [...problems.keys()].some((option) => `${option}.`.startsWith(`${place}.`))
  const told = [...problems].map(([option, problem]) => ({ option, problem }))
  return [
    ...told,
    ...issues.filter(({ path }) => !isTold(path.join('.'))).flatMap((issue) => describeIssue(issue, value)),
  ]
}

/** A line for each option that is wrong, below what says where. */
export const describeWrong = (title: string, wrong: readonly WrongOption[]): string =>
  [title, ...wrong.map(({ option, problem }) => `  ${option}: ${problem}`)].join('\n')

function describeIssue(issue: Issue, value: unknown): WrongOption[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => describeUnknown([...issue.path, key]))
  const place = issue.path.join('.') || '(top level)'
  const given = issue.code === 'invalid_type' ? valueAt(value, issue.path) : ''
  const missing = given === undefined ? 'not set' : given === null ? 'has no value' : undefined
  return [{ option: place, problem: missing ?? issue.message }]
}

function describeUnknown(path: readonly PropertyKey[]): WrongOption {
  const suggestion = suggestOption(path.map(String))
  return { option: path.join('.'), problem: `unknown option${suggestion === undefined ? '' : `; ${suggestion}`}` }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Record<PropertyKey, unknown> | undefined)?.[name], value)
}
