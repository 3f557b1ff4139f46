import { toBeHex, zeroPadValue } from 'ethers'
import type { LooseNetwork } from '#config/inspect.ts'
import { globalExitRootInterface, rollupManagerInterface } from '#etherman/interfaces.ts'
import type { L1Rpc } from '#etherman/rpc.ts'
import type { Address, Hex } from '#protocol/primitives.ts'
import { type Finding, fault } from './finding.ts'

const OPTION = 'network.l1StartBlock'

export function checkStart(l1StartBlock: number | undefined, head: number): Finding[] {
  if (l1StartBlock === undefined || l1StartBlock <= head) return []
  return [
    fault(
      OPTION,
      `is ${l1StartBlock}, but L1 is at block ${head}`,
      'Set it to the L1 block that created the rollup, or an earlier one.',
    ),
  ]
}

/** Whether events that the node needs are before the block it starts at. Nothing is found where L1 tells no such old things. */
export async function checkFirstEvents(rpc: L1Rpc, network: LooseNetwork): Promise<Finding[]> {
  const { l1StartBlock = 0, rollupId = 1, contracts = {} } = network
  const { rollupManager, globalExitRoot } = contracts
  if (l1StartBlock === 0 || rollupManager === undefined) return []
  const before = l1StartBlock - 1
  const created = await orUndefined(findCreation(rpc, rollupManager, { rollupId, before }))
  if (created !== undefined)
    return [
      fault(
        OPTION,
        `is ${l1StartBlock}, but rollup ${rollupId} is in the rollup manager since L1 block ${created}`,
        'Set it to the L1 block that created the rollup, or an earlier one, and let the node begin with an empty database.',
      ),
    ]
  const leaves = globalExitRoot && (await orUndefined(countInfoLeaves(rpc, globalExitRoot, before)))
  if (leaves === undefined || leaves === 0) return []
  return [
    fault(
      OPTION,
      `is ${l1StartBlock}, but the L1 info tree has ${leaves} ${leaves === 1 ? 'leaf' : 'leaves'} of blocks before it`,
      'Set it to the L1 block that created network.contracts.globalExitRoot, and let the node begin with an empty database.',
    ),
  ]
}

/** Many L1 nodes tell no state that is older than 128 blocks, and logs of so many blocks at once only to some. */
const orUndefined = async <T>(question: Promise<T>): Promise<T | undefined> => {
  try {
    return await question
  } catch {
    return undefined
  }
}

type Place = { rollupId: number; before: number }

async function findCreation(rpc: L1Rpc, manager: Address, { rollupId, before }: Place): Promise<number | undefined> {
  const topics = ['CreateNewRollup', 'AddExistingRollup'].map(
    (name) => rollupManagerInterface.getEvent(name)!.topicHash,
  )
  const range = { fromBlock: '0x0', toBlock: toQuantity(before), address: manager }
  const filter = { ...range, topics: [topics, zeroPadValue(toBeHex(rollupId), 32)] }
  const [first] = await rpc.call<{ blockNumber: Hex }[]>('eth_getLogs', [filter])
  return first && Number(first.blockNumber)
}

async function countInfoLeaves(rpc: L1Rpc, globalExitRoot: Address, block: number): Promise<number> {
  const call = { to: globalExitRoot, data: globalExitRootInterface.encodeFunctionData('depositCount') }
  const answer = await rpc.call<Hex>('eth_call', [call, toQuantity(block)])
  return Number(globalExitRootInterface.decodeFunctionResult('depositCount', answer)[0])
}

const toQuantity = (value: number) => `0x${value.toString(16)}`
