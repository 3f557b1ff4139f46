import type { Finding, FindingStatus } from './finding.ts'

const HEADINGS: [status: FindingStatus, heading: string][] = [
  ['fine', 'Fine'],
  ['skipped', 'Not checked'],
  ['warning', 'Warnings'],
  ['fault', 'Faults'],
]

/** What is fine first, so that what is to be done stands at the end. */
export function formatFindings(findings: readonly Finding[]): string[] {
  const sections = HEADINGS.flatMap(([status, heading]) => {
    const those = findings.filter((finding) => finding.status === status)
    return those.length === 0 ? [] : [`${heading}:`, ...those.flatMap(formatFinding), '']
  })
  return [...sections, summarize(findings)]
}

/** Two lines: what was found, and what to do. */
export function formatFinding({ option, variable, found, remedy }: Finding): string[] {
  const place = variable === undefined ? option : `${option} (from ${variable})`
  return [`  ${place}: ${found}`, ...(remedy === undefined ? [] : [`      ${remedy}`])]
}

function summarize(findings: readonly Finding[]): string {
  const count = (status: FindingStatus) => findings.filter((finding) => finding.status === status).length
  const [faults, warnings] = [count('fault'), count('warning')]
  if (faults === 0) return warnings === 0 ? 'All is well.' : `No faults, ${counted(warnings, 'warning')}.`
  return `${counted(faults, 'fault')}${warnings === 0 ? '' : `, ${counted(warnings, 'warning')}`}.`
}

const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`
