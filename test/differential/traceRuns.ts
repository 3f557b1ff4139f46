import type { Receipt } from '#executor/blockBuilder.ts'
import { TraceBudget, type TracedOutcome, type TraceRecorder } from '#executor/tracers/recorder.ts'
import { type AnvilBlock, withAnvilBlock } from './anvilRun.ts'
import { openNodeBlock } from './nodeRun.ts'
import type { Case } from './scenario.ts'

/** One tracer as both sides are asked for it. */
export type TracerPair = {
  /** Second parameter of debug_traceTransaction. */
  anvil: object
  node: (budget: TraceBudget) => TraceRecorder
}

/** What the node and anvil answer for one transaction. */
export type TracePair = {
  scenario: Case
  node: unknown
  anvil: unknown
  /** By the node's receipt. */
  gasUsed: number
}

/** anvil replays a block up to each transaction it is asked about: short blocks keep that short. */
const CASES_A_BLOCK = 50
const MAX_BYTES = 500_000_000

/** Traces each case with each of the tracers: one list a tracer. Values are as JSON carries them. */
export async function traceOnBoth(cases: readonly Case[], tracers: readonly TracerPair[]): Promise<TracePair[][]> {
  const pairs = tracers.map((): TracePair[] => [])
  for (let start = 0; start < cases.length; start += CASES_A_BLOCK) {
    const block = cases.slice(start, start + CASES_A_BLOCK)
    for (const [position, tracer] of tracers.entries()) {
      const node = await traceOnNode(block, tracer.node)
      const anvil = await traceOnAnvil(block, tracer.anvil)
      for (const [index, scenario] of block.entries())
        pairs[position]!.push({ scenario, anvil: anvil[index], ...node[index]! })
    }
  }
  return pairs
}

async function traceOnNode(cases: readonly Case[], create: TracerPair['node']) {
  const recorders = cases.map(() => create(new TraceBudget(MAX_BYTES)))
  const traces: { node: unknown; gasUsed: number }[] = []
  await openNodeBlock(cases, {
    tracers: recorders.map(({ tracer }) => tracer),
    afterEach: async (receipt, index, world) => {
      const result = await recorders[index]!.result(outcomeOf(receipt), world)
      traces.push({ node: JSON.parse(JSON.stringify(result)), gasUsed: receipt.gasUsed })
    },
  })
  return traces
}

async function traceOnAnvil(cases: readonly Case[], config: object) {
  const trace = async ({ hashes, send }: AnvilBlock) =>
    await send(hashes.map((hash) => ['debug_traceTransaction', hash, config]))
  return await withAnvilBlock(cases, trace, ['--steps-tracing'])
}

function outcomeOf({ transaction, gasUsed, status, returnData, contractAddress }: Receipt): TracedOutcome {
  return { gasLimit: Number(transaction.gasLimit), gasUsed, success: status === 1, returnData, contractAddress }
}
