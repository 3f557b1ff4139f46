import { Contract, type EventLog, getBytes, type Signer, type TransactionReceipt, ZeroAddress, ZeroHash } from 'ethers'
import { bridgeAbi, globalExitRootAbi, rollupManagerAbi } from '#contracts/abi.ts'
import { type BridgeLeaf, ExitTree, encodeGlobalIndex, rollupExitTree } from '#protocol/exitTree.ts'
import { globalExitRoot } from '#protocol/globalExitRoot.ts'
import { Address, Hash } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER } from '#protocol/systemContract.ts'
import { DemoError } from './transactions.ts'

/** What a user of the bridge needs: a signer on either side, and where the contracts are. */
export type BridgeSides = {
  l1: Signer
  l2: Signer
  rollupId: number
  contracts: { bridge: string; globalExitRoot: string; rollupManager: string }
}

/** An exit of one network, with the index it has in that network's tree. */
export type Exit = { index: number; leaf: BridgeLeaf }

const L2_EXIT_ROOT_ABI = ['function globalExitRootMap(bytes32) view returns (uint256)'] as const
/** Blocks of a range that public endpoints answer at once. */
const LOG_RANGE = 10_000
const NO_PROOF: readonly string[] = Array.from({ length: 32 }, () => ZeroHash)

/**
 * Sends ether to the other network. Published at once: on L1 that makes a leaf of the L1 info tree, on L2 it is part of
 * the batch's local exit root.
 */
export async function sendEther(
  from: Signer,
  {
    bridge,
    destinationNetwork,
    to,
    amountWei,
  }: { bridge: string; destinationNetwork: number; to: string; amountWei: bigint },
): Promise<Exit> {
  const call = [destinationNetwork, to, amountWei, ZeroAddress, true, '0x']
  const receipt = await send(new Contract(bridge, [...bridgeAbi], from), 'bridgeAsset', call, amountWei)
  return exitOf(receipt, bridge)
}

/**
 * Arguments of `claimAsset` on L2 for an exit of L1; undefined while no L2 block has brought a global exit root that
 * covers it.
 */
export async function proveOnL2(sides: BridgeSides, { index, leaf }: Exit): Promise<unknown[] | undefined> {
  const { l1, l2, contracts } = sides
  const tree = await readExitTree(l1, contracts.bridge)
  const known = new Contract(L2_GLOBAL_EXIT_ROOT_MANAGER, [...L2_EXIT_ROOT_ABI], l2)
  const manager = new Contract(contracts.globalExitRoot, [...globalExitRootAbi], l1)
  for (const { args } of (await readEvents(manager, 'UpdateL1InfoTree')).reverse()) {
    const [mainnet, rollups] = [Hash(String(args[0])), Hash(String(args[1]))]
    const leafCount = countOfRoot(tree, mainnet)
    if (leafCount === undefined || leafCount <= index) return undefined // older roots do not cover it either
    if ((await known.getFunction('globalExitRootMap')(globalExitRoot(mainnet, rollups))) === 0n) continue
    const globalIndex = encodeGlobalIndex({ isMainnet: true, rollupIndex: 0, localIndex: index })
    return [tree.proof(index, leafCount), NO_PROOF, globalIndex, mainnet, rollups, ...leafArguments(leaf)]
  }
  return undefined
}

/**
 * Arguments of `claimAsset` on L1 for an exit of the rollup; undefined while no verified batch has a local exit root that
 * covers it.
 */
export async function proveOnL1(sides: BridgeSides, { index, leaf }: Exit): Promise<unknown[] | undefined> {
  const { l1, l2, rollupId, contracts } = sides
  const manager = new Contract(contracts.rollupManager, [...rollupManagerAbi], l1)
  const exitRoots = new Contract(contracts.globalExitRoot, [...globalExitRootAbi], l1)
  const count = Number(await manager.getFunction('rollupCount')())
  const localRoots = await Promise.all(
    Array.from({ length: count }, async (_, place) =>
      Hash((await manager.getFunction('rollupIDToRollupData')(place + 1)).lastLocalExitRoot),
    ),
  )
  const tree = await readExitTree(l2, contracts.bridge)
  const leafCount = countOfRoot(tree, localRoots[rollupId - 1]!)
  if (leafCount === undefined || leafCount <= index) return undefined
  const rollups = rollupExitTree(localRoots)
  const mainnet = Hash(await exitRoots.getFunction('lastMainnetExitRoot')())
  const rollupIndex = rollupId - 1
  const globalIndex = encodeGlobalIndex({ isMainnet: false, rollupIndex, localIndex: index })
  const proofs = [tree.proof(index, leafCount), rollups.proof(rollupIndex)]
  return [...proofs, globalIndex, mainnet, rollups.root, ...leafArguments(leaf)]
}

/** Pays out an exit: the receiver stands in the leaf, anybody may claim for them. */
export function claim(by: Signer, bridge: string, args: readonly unknown[]): Promise<TransactionReceipt> {
  return send(new Contract(bridge, [...bridgeAbi], by), 'claimAsset', args)
}

async function send(contract: Contract, method: string, args: readonly unknown[], value = 0n) {
  const sent = await contract.getFunction(method).send(...args, { type: 0, value }) // the L2 takes legacy transactions
  const receipt = await sent.wait()
  if (receipt === null) throw new DemoError('The transaction was not mined.', { facts: { method, hash: sent.hash } })
  return receipt
}

function exitOf({ logs, hash }: TransactionReceipt, bridge: string): Exit {
  const { interface: abi } = new Contract(bridge, [...bridgeAbi])
  for (const log of logs) {
    const event = abi.parseLog(log)
    if (event?.name === 'BridgeEvent') return exitOfEvent(event.args)
  }
  throw new DemoError('The transaction made no exit.', { facts: { hash } })
}

function exitOfEvent(args: readonly unknown[]): Exit {
  const [leafType, originNetwork, originAddress, destinationNetwork, destinationAddress, amount, metadata, index] = args
  const leaf: BridgeLeaf = {
    leafType: Number(leafType) as 0 | 1,
    ...{ originNetwork: Number(originNetwork), originAddress: Address(String(originAddress)) },
    ...{ destinationNetwork: Number(destinationNetwork), destinationAddress: Address(String(destinationAddress)) },
    ...{ amount: amount as bigint, metadata: getBytes(String(metadata)) },
  }
  return { index: Number(index), leaf }
}

/** All exits of a network: a bridge service keeps this tree instead of reading it again. */
async function readExitTree(network: Signer, bridge: string): Promise<ExitTree> {
  const tree = new ExitTree()
  const events = await readEvents(new Contract(bridge, [...bridgeAbi], network), 'BridgeEvent')
  for (const { args } of events) tree.appendExit(exitOfEvent(args).leaf)
  return tree
}

async function readEvents(contract: Contract, name: string): Promise<EventLog[]> {
  const events: EventLog[] = []
  const head = (await contract.runner?.provider?.getBlockNumber()) ?? 0
  for (let from = 0; from <= head; from += LOG_RANGE)
    events.push(...((await contract.queryFilter(name, from, Math.min(head, from + LOG_RANGE - 1))) as EventLog[]))
  return events
}

/** How many exits the tree had when this was its root; undefined when it never was. */
function countOfRoot(tree: ExitTree, root: Hash): number | undefined {
  for (let count = tree.count; count > 0; count--) if (tree.rootAt(count) === root) return count
  return undefined
}

function leafArguments(leaf: BridgeLeaf): unknown[] {
  const { originNetwork, originAddress, destinationNetwork, destinationAddress, amount, metadata } = leaf
  return [originNetwork, originAddress, destinationNetwork, destinationAddress, amount, metadata]
}
