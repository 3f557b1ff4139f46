import { isError } from 'ethers'
import type { LooseNetwork } from '#config/inspect.ts'
import { readContract } from '#etherman/client.ts'
import { L1RpcError, WrongL1Error } from '#etherman/errors.ts'
import { rollupManagerInterface } from '#etherman/interfaces.ts'
import { type RollupFacts, readRollupFacts } from '#etherman/rollupFacts.ts'
import type { L1Rpc } from '#etherman/rpc.ts'
import { SUPPORTED_FORK_IDS } from '#protocol/forks.ts'
import { Address, type Hex, ZERO_ADDRESS } from '#protocol/primitives.ts'
import { type Finding, fault, fine, warning } from './finding.ts'

type Contracts = NonNullable<LooseNetwork['contracts']>
type ContractName = keyof Contracts

const WHAT: Record<ContractName, string> = {
  rollupManager: 'rollup manager (PolygonRollupManager)',
  rollup: "rollup's own contract (PolygonZkEVMEtrog and later)",
  globalExitRoot: 'global exit root manager (PolygonZkEVMGlobalExitRootV2)',
  pol: 'POL token',
  verifier: 'verifier',
  bridge: 'bridge',
}

const optionOf = (name: ContractName) => `network.contracts.${name}`

const EMERGENCY = warning(
  optionOf('rollupManager'),
  'is in its emergency state: nothing is sequenced and verified',
  'Wait until its administrators end that.',
)

/** Compares what the file says of the contracts with what L1 has. `facts` when the rollup was found. */
export async function checkContracts(
  rpc: L1Rpc,
  network: LooseNetwork,
): Promise<{ findings: Finding[]; facts: RollupFacts | undefined }> {
  const { contracts = {}, rollupId = 1 } = network
  const { rollupManager } = contracts
  const stored = rollupManager && (await readFacts(rpc, rollupManager, rollupId))
  const isOnL1 = stored !== undefined && stored.rollup !== ZERO_ADDRESS
  const facts = isOnL1 ? stored : undefined
  const parts = stored && (await readParts(rpc, rollupManager!))
  const named = { ...parts, ...(facts && { rollup: facts.rollup, verifier: facts.verifier }) }
  const places = Object.entries(contracts) as [ContractName, Address][]
  const findings = await Promise.all(
    places.map(async ([name, address]) => {
      const hasCode = (await rpc.call<Hex>('eth_getCode', [address, 'latest'])) !== '0x'
      if (name === 'rollupManager') return describeManager(address, { hasCode, isManager: stored !== undefined })
      return describeContract(name, address, { hasCode, theirs: named[name] })
    }),
  )
  if (stored === undefined) return { findings, facts }
  const ids = await readIds(rpc, rollupManager!, network)
  if (facts === undefined) return { findings: [...findings, describeUnknownRollup(network, ids)], facts }
  const isStopped = await ask(rpc, rollupManager!, 'isEmergencyState')
  const ofRollup = [describeChainId(facts, network, ids), describeFork(facts), ...(isStopped ? [EMERGENCY] : [])]
  return { findings: [...findings, ...ofRollup], facts }
}

/** Undefined when what stands there is another contract, or none. */
async function readFacts(rpc: L1Rpc, manager: Address, rollupId: number): Promise<RollupFacts | undefined> {
  try {
    return await readRollupFacts(rpc, manager, rollupId)
  } catch (error) {
    if (error instanceof L1RpcError || error instanceof WrongL1Error || isError(error, 'BAD_DATA')) return undefined
    throw error
  }
}

const ask = async (rpc: L1Rpc, manager: Address, method: string, args: readonly unknown[] = []): Promise<unknown> =>
  (await readContract(rpc, rollupManagerInterface, manager, method, args))[0]

/** What the rollup manager works with. */
async function readParts(rpc: L1Rpc, manager: Address): Promise<Partial<Record<ContractName, Address>>> {
  const methods = ['globalExitRootManager', 'pol', 'bridgeAddress']
  const answers = await Promise.all(methods.map((method) => ask(rpc, manager, method)))
  const [globalExitRoot, pol, bridge] = answers.map((address) => Address(String(address))) as [
    Address,
    Address,
    Address,
  ]
  return { globalExitRoot, pol, bridge }
}

type Ids = { count: number; ofChain: number; ofRollup: number }

/** How many rollups there are, and under which numbers those of the file's chain and contract are; 0 for none. */
async function readIds(rpc: L1Rpc, manager: Address, { chainId, contracts }: LooseNetwork): Promise<Ids> {
  const [count, ofChain, ofRollup] = await Promise.all([
    ask(rpc, manager, 'rollupCount'),
    chainId === undefined ? 0 : ask(rpc, manager, 'chainIDToRollupID', [chainId]),
    contracts?.rollup === undefined ? 0 : ask(rpc, manager, 'rollupAddressToID', [contracts.rollup]),
  ])
  return { count: Number(count), ofChain: Number(ofChain), ofRollup: Number(ofRollup) }
}

const nameContract = (name: ContractName) =>
  `Name the address of the ${WHAT[name]} on this L1, or the endpoints of another L1.`

function describeManager(address: Address, { hasCode, isManager }: { hasCode: boolean; isManager: boolean }): Finding {
  const option = optionOf('rollupManager')
  if (isManager) return fine(option, address)
  const found = hasCode ? `the contract at ${address} is no rollup manager` : `there is no contract at ${address}`
  return fault(option, found, nameContract('rollupManager'))
}

/** @param theirs what the rollup manager has in this place, when that is known */
function describeContract(
  name: ContractName,
  address: Address,
  { hasCode, theirs }: { hasCode: boolean; theirs: Address | undefined },
): Finding {
  if (theirs === undefined)
    return hasCode
      ? fine(optionOf(name), address)
      : fault(optionOf(name), `there is no contract at ${address}`, nameContract(name))
  if (theirs === address) return fine(optionOf(name), address)
  const found = hasCode ? `is ${address}` : `there is no contract at ${address}`
  const remedy = `Set it to ${theirs}, if network.contracts.rollupManager and network.rollupId are right.`
  return fault(optionOf(name), `${found}; the rollup manager has ${theirs}`, remedy)
}

function describeUnknownRollup({ rollupId = 1, chainId, contracts }: LooseNetwork, ids: Ids): Finding {
  const { count, ofChain, ofRollup } = ids
  const byContract = `Set it to ${ofRollup}, which is ${contracts?.rollup}.`
  const byChain =
    ofChain > 0 ? `Set it to ${ofChain}, which has chain id ${chainId}.` : `Set it to one of 1 to ${count}.`
  return fault(
    'network.rollupId',
    `is ${rollupId}, but the rollup manager has ${count} rollup${count === 1 ? '' : 's'}`,
    ofRollup > 0 ? byContract : byChain,
  )
}

function describeChainId(
  { l2ChainId }: RollupFacts,
  { chainId, rollupId = 1 }: LooseNetwork,
  { ofChain }: Ids,
): Finding {
  const option = 'network.chainId'
  if (chainId === undefined || chainId === l2ChainId) return fine(option, `${l2ChainId}, as L1 says`)
  const orRollup = ofChain === 0 ? '' : `, or network.rollupId to ${ofChain}`
  return fault(
    option,
    `is ${chainId}, but rollup ${rollupId} has chain id ${l2ChainId} on L1`,
    `Set it to ${l2ChainId}${orRollup}.`,
  )
}

function describeFork({ forkId }: RollupFacts): Finding {
  const option = 'network.forkId'
  if (SUPPORTED_FORK_IDS.includes(forkId)) return fine(option, `L1 has the rollup at fork ${forkId}`)
  return fault(
    option,
    `L1 has the rollup at fork ${forkId}; this version knows ${SUPPORTED_FORK_IDS.join(', ')}`,
    'Use a version of zkNode that knows the fork.',
  )
}
