import type { z } from 'zod'
import { suggestOption } from './unknownOption.ts'

type Issue = z.core.$ZodIssue

/** One line for each option that is wrong. @param value what was checked */
export const describeIssues = (issues: readonly Issue[], value: unknown): string[] =>
  issues.flatMap((issue) => describeIssue(issue, value))

function describeIssue(issue: Issue, value: unknown): string[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => describeUnknown([...issue.path, key]))
  const place = issue.path.join('.') || '(top level)'
  const given = issue.code === 'invalid_type' ? valueAt(value, issue.path) : ''
  const missing = given === undefined ? 'not set' : given === null ? 'has no value' : undefined
  return [`  ${place}: ${missing ?? issue.message}`]
}

function describeUnknown(path: readonly PropertyKey[]): string {
  const suggestion = suggestOption(path.map(String))
  return `  ${path.join('.')}: unknown option${suggestion === undefined ? '' : `; ${suggestion}`}`
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Record<PropertyKey, unknown> | undefined)?.[name], value)
}
