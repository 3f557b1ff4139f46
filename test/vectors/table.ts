import { existsSync, readdirSync } from 'node:fs'
import type { TestCase, TestModule, TestSuite } from 'vitest/node'
import { loadVectors, vectorsFolder } from './load.ts'

/** Kinds the project is held to. A folder without one of them is said, not passed over. */
export const KINDS = [
  ...['poseidon', 'linear-poseidon', 'smt-raw', 'smt-keys', 'smt-full-genesis', 'smt-genesis-networks'],
  ...['batch-codec', 'l2-tx-hash', 'effective-gas', 'acc-input-hash', 'l1-info-tree', 'exit-tree'],
  ...['global-exit-root', 'snark-input', 'block-info'],
  ...['state-transition-fork9', 'state-transition-fork9-ethtests', 'state-transition-fork8', 'state-transition-fork7'],
  ...['state-transition-fork6', 'state-transition-fork12', 'state-transition-multibatch'],
  ...['counters-fork9', 'counters-fork9-ethtests', 'counters-fork8', 'counters-fork7', 'counters-cdk-erigon'],
  'l1-events',
]

/** What became of the vectors of one kind. A vector is failed when any of its tests is, or when it has none. */
export type KindResult = {
  kind: string
  vectors: number
  passed: number
  failed: number
  notCompared: number
  /** Why vectors failed without a failing test, or were not compared. */
  remarks: string[]
}

type Outcome = { state: 'passed' | 'failed' | 'skipped'; remark?: string }

/** The suite a test stands in names its kind, up to a colon. */
function kindOf({ parent }: TestCase): string | undefined {
  let suite: TestSuite | TestModule = parent
  let name: string | undefined
  while (suite.type === 'suite') {
    name = suite.name
    suite = suite.parent
  }
  return name?.split(':')[0]
}

function outcomeOf(test: TestCase): Outcome {
  const result = test.result()
  if (result.state === 'passed') return { state: 'passed' }
  if (result.state !== 'skipped') return { state: 'failed' }
  return { state: 'skipped', ...(result.note === undefined ? {} : { remark: result.note }) }
}

const SEVERITY = { failed: 2, passed: 1, skipped: 0 } as const

/** Of several tests of one vector the worst counts; one that passed outweighs one that was skipped. */
function worse(a: Outcome | undefined, b: Outcome): Outcome {
  return a === undefined || SEVERITY[b.state] > SEVERITY[a.state] ? b : a
}

/** Vectors counted once each, by the tests whose titles name them; plus failures that belong to no single vector. */
export function tabulate(modules: readonly TestModule[]): { kinds: KindResult[]; otherFailures: string[] } {
  const outcomes = new Map<string, Map<string, Outcome>>()
  const ids = new Map<string, Set<string>>()
  const otherFailures: string[] = []
  for (const kind of presentKinds()) {
    ids.set(kind, new Set(loadVectors<{ id: string }>(kind)?.vectors.map(({ id }) => id)))
    outcomes.set(kind, new Map())
  }
  for (const module of modules) {
    if (module.errors().length > 0) otherFailures.push(`${module.relativeModuleId} could not be loaded`)
    for (const suite of module.children.allSuites())
      if (suite.errors().length > 0) otherFailures.push(`${module.relativeModuleId}: ${suite.fullName}`)
    for (const test of module.children.allTests()) {
      const kind = kindOf(test) ?? ''
      const id = test.name.split(/[\s:,'"]+/).find((word) => ids.get(kind)?.has(word))
      const outcome = outcomeOf(test)
      const ofKind = outcomes.get(kind)
      if (id !== undefined && ofKind !== undefined) ofKind.set(id, worse(ofKind.get(id), outcome))
      else if (outcome.state === 'failed') otherFailures.push(test.fullName)
    }
  }
  const kinds = [...ids].map(([kind, wanted]) => count(kind, wanted, outcomes.get(kind)!))
  return { kinds, otherFailures }
}

function count(kind: string, ids: ReadonlySet<string>, outcomes: ReadonlyMap<string, Outcome>): KindResult {
  const result: KindResult = { kind, vectors: ids.size, passed: 0, failed: 0, notCompared: 0, remarks: [] }
  const remarks = new Map<string, number>()
  const remark = (text: string) => remarks.set(text, (remarks.get(text) ?? 0) + 1)
  for (const id of ids) {
    const outcome = outcomes.get(id)
    if (outcome?.state === 'passed') result.passed += 1
    else if (outcome?.state === 'skipped') {
      result.notCompared += 1
      remark(outcome.remark ?? 'skipped without a reason')
    } else {
      result.failed += 1
      if (outcome === undefined) remark('no test names this vector')
    }
  }
  result.remarks = [...remarks].map(([text, times]) => `${times} × ${text}`)
  return result
}

function presentKinds(): string[] {
  const folder = vectorsFolder()
  const files = existsSync(folder) ? readdirSync(folder) : []
  return KINDS.filter((kind) => files.some((file) => file === `${kind}.json` || file === `${kind}.json.gz`))
}

/** Kinds of `KINDS` the folder lacks, and files of the folder no kind stands for. */
export function folderDifferences(): { absent: string[]; other: string[] } {
  const present = new Set(presentKinds())
  const folder = vectorsFolder()
  const files = existsSync(folder) ? readdirSync(folder) : []
  const names = files.filter((file) => /\.json(\.gz)?$/.test(file)).map((file) => file.replace(/\.json(\.gz)?$/, ''))
  return { absent: KINDS.filter((kind) => !present.has(kind)), other: names.filter((name) => !KINDS.includes(name)) }
}

/** The table as text, a line per kind and one of totals. */
export function formatTable(kinds: readonly KindResult[]): string {
  const total = { kind: 'total', vectors: 0, passed: 0, failed: 0, notCompared: 0, remarks: [] } satisfies KindResult
  for (const { vectors, passed, failed, notCompared } of kinds) {
    total.vectors += vectors
    total.passed += passed
    total.failed += failed
    total.notCompared += notCompared
  }
  const width = Math.max(...[...kinds, total].map(({ kind }) => kind.length))
  const row = (name: string, ...cells: (string | number)[]) =>
    name.padEnd(width) + cells.map((cell) => String(cell).padStart(14)).join('')
  return [
    row('kind', 'vectors', 'passed', 'failed', 'not compared'),
    ...[...kinds, total].flatMap((result) => [
      row(result.kind, result.vectors, result.passed, result.failed, result.notCompared),
      ...result.remarks.map((remark) => `  ${remark}`),
    ]),
  ].join('\n')
}
