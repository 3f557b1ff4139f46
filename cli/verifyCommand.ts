import { Command, Option } from 'commander'
import { UsageError } from '#common/errors.ts'
import { createLogger } from '#common/logger.ts'
import type { NodeFile } from '#config/schema.ts'
import { createEtherman } from '#etherman/client.ts'
import { readInfoTree } from '#etherman/infoTreeFacts.ts'
import { createL1Rpc } from '#etherman/rpc.ts'
import type { BatchNumber, Hex } from '#protocol/primitives.ts'
import { type Difference, describeDifference } from '#synchronizer/verify/differences.ts'
import { createNodeRpc } from '#synchronizer/verify/nodeRpc.ts'
import { type NodeComparison, verifyAgainst } from '#synchronizer/verify/verifyAgainst.ts'
import { type L1Verification, verifyFromL1 } from '#synchronizer/verify/verifyFromL1.ts'
import { batchArgument } from './batchArgument.ts'
import { type Node, type Place, readNode, withConfig, withDatabase } from './nodeConfig.ts'
import { note, type Printed, print, withJson } from './output.ts'
import { EXIT } from './program.ts'

type Range = { fromBatch?: BatchNumber; toBatch?: BatchNumber }
type Options = Place & Printed & Range & { fromL1?: boolean; against?: string; rpc?: string }

/** `zknode verify`: whether the node has what it should have. Changes nothing, and needs no process to stop. */
export const verifyCommand = () =>
  withJson(withConfig(new Command('verify'), 'whose state is compared'))
    .description('Compare the node with L1, or with another node; exit code 1 when they differ.')
    .addOption(new Option('--from-l1', 'read L1 again and compare what it says').conflicts('against'))
    .option('--against <url>', "JSON-RPC of another node, compared with this one's")
    .option('--rpc <url>', 'with --against: JSON-RPC of this node; that of the configuration when left out')
    .option('--from-batch <number>', 'first batch', batchArgument)
    .option('--to-batch <number>', 'last batch', batchArgument)
    .action(async (options: Options) => {
      if (options.fromL1 !== true && options.against === undefined)
        throw new UsageError('Say what to compare with: --from-l1 or --against URL.')
      const config = readNode(options)
      const { against } = options
      const { result, lines } =
        against === undefined
          ? await compareWithL1(config, options)
          : await compareNodes(config, { ...options, against })
      print(result, () => lines, options)
      if (result.differences.length > 0) process.exitCode = EXIT.failed
    })

const NODE_TIMEOUT_MS = 30_000

async function compareNodes({ rpc }: NodeFile, options: Range & { against: string; rpc?: string }) {
  const own = options.rpc ?? `http://${rpc.host}:${rpc.port}`
  const result = await verifyAgainst({
    ours: createNodeRpc(own, NODE_TIMEOUT_MS),
    theirs: createNodeRpc(options.against, NODE_TIMEOUT_MS),
    ...{ fromBatch: options.fromBatch, toBatch: options.toBatch, onProgress: tellNowAndThen() },
  })
  return { result, lines: describeNodes(result) }
}

async function compareWithL1({ database, network, l1 }: Node, range: Range) {
  const logger = createLogger('verify', 'silent')
  const etherman = createEtherman({ ...l1, contracts: network.contracts, rollupId: network.rollupId, logger })
  const rpc = createL1Rpc({ ...l1, logger })
  try {
    await etherman.checkNetwork(network.l1ChainId ?? Number(await rpc.call<Hex>('eth_chainId', [])))
    const result = await withDatabase(database.url, (db) =>
      verifyFromL1({
        ...{ db, etherman, logger, fromBatch: range.fromBatch, toBatch: range.toBatch },
        ...{ l1StartBlock: network.l1StartBlock, maxBlockRange: l1.maxBlockRange, onProgress: tellNowAndThen() },
        readInfoTree: () => readInfoTree(rpc, network.contracts.globalExitRoot),
      }),
    )
    return { result, lines: describeL1(result) }
  } finally {
    etherman.close()
    rpc.close()
  }
}

const TELL_EVERY_MS = 5000

function tellNowAndThen(): (progress: { stage: string; at: number; to: number }) => void {
  let next = Date.now() + TELL_EVERY_MS
  return ({ stage, at, to }) => {
    if (Date.now() < next) return
    next = Date.now() + TELL_EVERY_MS
    note(`${stage} ${at} of ${to}`)
  }
}

function describeL1({ fromL1Block, toL1Block, compared, differences }: L1Verification): string[] {
  const { batches, pruned, verifications, leaves, forced, l1Blocks, blocks } = compared
  const data = pruned === 0 ? '' : `, ${pruned} of them without their data, which is pruned`
  return [
    `L1 blocks ${fromL1Block} to ${toL1Block}: ${batches} sequenced batches${data}, ${verifications} verifications, ` +
      `${leaves} leaves, ${forced} forced batches, ${l1Blocks} L1 blocks; ${blocks} L2 blocks with what is in them.`,
    ...describeAll(differences, 'on L1'),
  ]
}

function describeNodes({ fromBlock, toBlock, compared, differences }: NodeComparison): string[] {
  const what = `Blocks ${fromBlock} to ${toBlock} of both nodes`
  const all = `${what}: the same hashes; ${compared.batches} batches and the receipts of their ${compared.blocks} blocks compared.`
  return [compared.batches > 0 ? all : `${what}.`, ...describeAll(differences, 'there')]
}

const SHOWN = 10

export function describeAll(differences: readonly Difference[], their: string): string[] {
  if (differences.length === 0) return ['No difference.']
  const lines = differences.slice(0, SHOWN).map((difference) => describeDifference(difference, their))
  if (differences.length > SHOWN) lines.push(`… and ${differences.length - SHOWN} more; --json names them.`)
  return [`${differences.length} differences, the first one first:`, ...lines]
}
