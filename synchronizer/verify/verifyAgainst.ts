import { z } from 'zod'
import { type Difference, Differences } from './differences.ts'
import type { NodeRpc } from './nodeRpc.ts'

export type NodeComparison = {
  /** Blocks and batches that both nodes have. */
  fromBlock: number
  toBlock: number
  fromBatch: number
  toBatch: number
  compared: { batches: number; blocks: number }
  differences: Difference[]
}

type Options = {
  ours: NodeRpc
  theirs: NodeRpc
  fromBatch?: number | undefined
  toBatch?: number | undefined
  onProgress: (progress: { stage: string; at: number; to: number }) => void
}

const quantity = z
  .string()
  .regex(/^0x[0-9a-f]{1,14}$/)
  .transform(Number)
const header = z.object({
  ...{ number: quantity, hash: z.string(), parentHash: z.string(), stateRoot: z.string(), timestamp: z.string() },
  ...{
    miner: z.string(),
    transactionsRoot: z.string(),
    receiptsRoot: z.string(),
    gasUsed: z.string(),
    gasLimit: z.string(),
  },
})
type Header = z.output<typeof header>
const batch = z.object({
  ...{ coinbase: z.string(), stateRoot: z.string(), localExitRoot: z.string(), timestamp: z.string() },
  ...{ closed: z.boolean(), batchL2Data: z.string(), blocks: z.array(z.string()) },
})
const receipts = z.array(
  z.object({
    ...{ transactionHash: z.string(), status: z.string(), gasUsed: z.string(), cumulativeGasUsed: z.string() },
    ...{ effectiveGasPrice: z.string() },
    logs: z.array(
      z.object({ address: z.string(), topics: z.array(z.string()), data: z.string(), logIndex: z.string() }),
    ),
  }),
)

const hex = (value: number) => `0x${value.toString(16)}`

/**
 * Compares two nodes over JSON-RPC in what both have. The first block that differs is found by halving, since a block's
 * hash stands for all before it; where none differs, batches and receipts are compared one by one. A few requests at a
 * time, each for one block or batch.
 */
export async function verifyAgainst(options: Options): Promise<NodeComparison> {
  const { ours, theirs } = options
  const differences = new Differences()
  const [chain, theirChain] = [await ours('eth_chainId'), await theirs('eth_chainId')]
  if (chain !== theirChain) differences.add('network', 'chain id', String(chain), String(theirChain))
  const range = await findCommonRange(options)
  const compared = { batches: 0, blocks: 0 }
  const result = { ...range, compared, differences: differences.found }
  if (differences.found.length > 0 || range.fromBlock > range.toBlock) return result
  const first = await findFirstDifferent(options, range)
  if (first !== undefined) {
    await compareBlock(options, first, differences)
    return result
  }
  for (let number = range.fromBatch; number <= range.toBatch && !differences.isFull; number++) {
    compared.blocks += await compareBatch(options, number, differences)
    compared.batches++
    options.onProgress({ stage: 'batch', at: number, to: range.toBatch })
  }
  return result
}

/** From where both nodes have history, to the closed batch that both have. */
async function findCommonRange({ ours, theirs, fromBatch = 0, toBatch }: Options) {
  const of = async (node: NodeRpc) => {
    const [earliest, latest] = [await readHeader(node, 'earliest'), await readHeader(node, 'latest')]
    const oldestBatch = quantity.parse(await node('zkevm_batchNumberByBlockNumber', hex(earliest!.number)))
    const open = quantity.parse(await node('zkevm_batchNumber'))
    const { closed } = batch.parse(await node('zkevm_getBatchByNumber', hex(open), false))
    return { oldest: earliest!.number, latest: latest!.number, oldestBatch, lastBatch: closed ? open : open - 1 }
  }
  const [a, b] = await Promise.all([of(ours), of(theirs)])
  return {
    fromBlock: Math.max(a.oldest, b.oldest),
    toBlock: Math.min(a.latest, b.latest),
    fromBatch: Math.max(fromBatch, a.oldestBatch, b.oldestBatch),
    toBatch: Math.min(toBatch ?? Number.POSITIVE_INFINITY, a.lastBatch, b.lastBatch),
  }
}

async function readHeader(node: NodeRpc, block: string): Promise<Header | undefined> {
  return header.nullable().parse(await node('eth_getBlockByNumber', block, false)) ?? undefined
}

async function isSame({ ours, theirs }: Options, number: number): Promise<boolean> {
  const [a, b] = await Promise.all([readHeader(ours, hex(number)), readHeader(theirs, hex(number))])
  return a?.hash === b?.hash
}

/** undefined when the newest common block is the same. */
async function findFirstDifferent(
  options: Options,
  { fromBlock, toBlock }: { fromBlock: number; toBlock: number },
): Promise<number | undefined> {
  if (await isSame(options, toBlock)) return undefined
  let [low, high] = [fromBlock, toBlock] // `high` differs
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    options.onProgress({ stage: 'blocks that differ, from', at: middle, to: high })
    if (await isSame(options, middle)) low = middle + 1
    else high = middle
  }
  return high
}

async function compareBlock({ ours, theirs }: Options, number: number, differences: Differences): Promise<void> {
  const [a, b] = await Promise.all([readHeader(ours, hex(number)), readHeader(theirs, hex(number))])
  const batchNumber = quantity.parse(await ours('zkevm_batchNumberByBlockNumber', hex(number)))
  const what = `block ${number} of batch ${batchNumber}`
  if (a === undefined || b === undefined) differences.add(what, 'block', a?.hash, b?.hash)
  else differences.compare(what, a, b)
}

/** Returns how many blocks it has. */
async function compareBatch({ ours, theirs }: Options, number: number, differences: Differences): Promise<number> {
  const read = async (node: NodeRpc) => batch.parse(await node('zkevm_getBatchByNumber', hex(number), false))
  const [{ blocks, ...a }, { blocks: theirBlocks, ...b }] = await Promise.all([read(ours), read(theirs)])
  const what = `batch ${number}`
  differences.compare(what, { ...a, closed: String(a.closed) }, { ...b, closed: String(b.closed) })
  differences.compare(what, { blocks: blocks.join() }, { blocks: theirBlocks.join() })
  for (const hash of blocks) await compareReceipts({ ours, theirs }, hash, what, differences)
  return blocks.length
}

async function compareReceipts(
  { ours, theirs }: Pick<Options, 'ours' | 'theirs'>,
  hash: string,
  ofBatch: string,
  differences: Differences,
): Promise<void> {
  const read = async (node: NodeRpc) => receipts.parse(await node('eth_getBlockReceipts', hash))
  const [a, b] = await Promise.all([read(ours), read(theirs)])
  const what = `block ${hash} of ${ofBatch}`
  differences.compare(what, { receipts: a.length }, { receipts: b.length })
  for (const [index, { logs, ...receipt }] of a.entries()) {
    const other = b[index]
    if (other === undefined) return
    const { logs: otherLogs, ...otherReceipt } = other
    differences.compare(`transaction ${receipt.transactionHash} in ${what}`, receipt, otherReceipt)
    const asText = { logs: JSON.stringify(logs) }
    differences.compare(`transaction ${receipt.transactionHash} in ${what}`, asText, {
      logs: JSON.stringify(otherLogs),
    })
  }
}
