import { cpus, totalmem } from 'node:os'

type Table = { name: string; rows: Record<string, number | string>[] }

/** What a benchmark measured. `cpuSeconds` are of this process; rates are per CPU second unless the name says wall. */
export type BenchResult = Table & { parts?: Table[] }

const BENCHES = [
  'poseidon',
  'signature',
  'tree',
  'executor',
  'estimate',
  'sequencer',
  'api',
  'prover',
  'latency',
  'verified',
  'network',
  'sync',
  'growth',
] as const

const [name, ...flags] = process.argv.slice(2)
if (name === undefined || !(BENCHES as readonly string[]).includes(name)) {
  process.stderr.write(`Usage: npm run bench -- ${BENCHES.join('|')} [--json]\n`)
  process.exit(2)
}
const { run } = (await import(`./${name}.ts`)) as { run: (args: readonly string[]) => Promise<BenchResult> }
const result = await run(flags)
const machine = { node: process.version, cpus: cpus().length, memoryGiB: Math.round(totalmem() / 2 ** 30) }
if (flags.includes('--json')) process.stdout.write(`${JSON.stringify({ ...result, machine })}\n`)
else {
  process.stdout.write(`${result.name} on ${machine.cpus} cores, ${machine.memoryGiB} GiB, Node ${machine.node}\n`)
  console.table(result.rows)
  for (const { name, rows } of result.parts ?? []) {
    process.stdout.write(`${name}\n`)
    console.table(rows)
  }
}
process.exit(0)
