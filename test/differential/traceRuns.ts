import { outcomeOf } from '#executor/replayBlock.ts'
import { TraceBudget, type TraceRecorder } from '#executor/tracers/recorder.ts'
import { type AnvilBlock, type AnvilReceipt, type RpcCall, withAnvilBlock } from './anvilRun.ts'
import { openNodeBlock } from './nodeRun.ts'
import { berlinGasUsed, type Case, GAS_PRICE } from './scenario.ts'

/** One tracer as both sides are asked for it. */
export type TracerPair = {
  anvil: (hash: string) => RpcCall
  node: (budget: TraceBudget) => TraceRecorder
}

/** What the node and anvil answer for one transaction. */
export type TracePair = {
  scenario: Case
  node: unknown
  anvil: unknown
  /** By the node's receipt. */
  gasUsed: number
  /** wei the sender paid to the coinbase on anvil and not on the node, before and after the transaction. */
  overpaid: { before: bigint; after: bigint }
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
      let overpaid = 0n
      for (const [index, scenario] of block.entries()) {
        const before = overpaid
        overpaid += surplusGas(anvil.receipts[index]!, scenario) * GAS_PRICE
        const paid = { before, after: overpaid }
        pairs[position]!.push({ scenario, anvil: anvil.traces[index], overpaid: paid, ...node[index]! })
      }
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

async function traceOnAnvil(cases: readonly Case[], ask: TracerPair['anvil']) {
  const trace = async ({ hashes, receipts, send }: AnvilBlock) => ({ traces: await send(hashes.map(ask)), receipts })
  return await withAnvilBlock(cases, trace, ['--steps-tracing'])
}

/** Gas that anvil takes and Berlin does not, see `berlinGasUsed`. */
function surplusGas({ gasUsed }: AnvilReceipt, { clearedSlots = 0 }: Case): bigint {
  return BigInt(Number(gasUsed) - berlinGasUsed(Number(gasUsed), clearedSlots))
}
