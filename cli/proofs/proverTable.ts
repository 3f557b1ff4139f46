import type { ProverRow } from '#db/provers.ts'
import { formatAge, formatTable, oneLine } from '../textTable.ts'

const HEADINGS = [
  ...['ID', 'NAME', 'KIND', 'STATE', 'JOB', 'PROVED', 'FAILED', 'CORES', 'MEMORY', 'SEEN', 'ASIDE FOR', 'REASON'],
]
const BYTES_PER_GIB = 2 ** 30

export function formatProvers(provers: readonly ProverRow[], now: Date): string[] {
  if (provers.length === 0) return ['No prover was ever connected.']
  const secondsTo = (date: Date) => (date.getTime() - now.getTime()) / 1000
  const rows = provers.map((prover) => [
    ...[oneLine(prover.proverId), oneLine(prover.name), prover.kind, prover.state, prover.jobId ?? '-'],
    ...[`${prover.proved}`, `${prover.failed}`, `${prover.cores ?? '-'}`, formatMemory(prover)],
    `${formatAge(-secondsTo(prover.seenAt))} ago`,
    prover.asideUntil === null ? '-' : formatAge(secondsTo(prover.asideUntil)),
    oneLine(prover.reason ?? ''),
  ])
  return formatTable([HEADINGS, ...rows])
}

/** Free and all of it. */
function formatMemory({ memoryBytes, freeMemoryBytes }: ProverRow): string {
  if (memoryBytes === null) return '-'
  const inGib = (bytes: number | null) => (bytes === null ? '?' : (bytes / BYTES_PER_GIB).toFixed(1))
  return `${inGib(freeMemoryBytes)}/${inGib(memoryBytes)} GiB`
}
