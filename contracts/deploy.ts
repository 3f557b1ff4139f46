import {
  AbiCoder,
  concat,
  getCreate2Address,
  getCreateAddress,
  Interface,
  JsonRpcProvider,
  keccak256,
  MaxUint256,
  parseEther,
  type TransactionReceipt,
  Wallet,
  ZeroAddress,
} from 'ethers'
import { NodeError } from '#common/errors.ts'
import { Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { getArtifact } from './artifacts.ts'
import { compileContracts } from './compile.ts'

/** A transaction of the deployment was refused by L1, or reverted. */
export class L1DeployError extends NodeError {
  override readonly name = 'L1DeployError'
}

/** Bridge of this deployment exists already on this L1: another `bridgeSalt` gives another address. */
export class BridgeAddressTakenError extends NodeError {
  override readonly name = 'BridgeAddressTakenError'
}

export type L1DeployOptions = {
  rpcUrl: string
  /** Pays for the deployment; becomes rollup admin, timelock, emergency council and admin of the verifier. */
  deployerKey: string
  sequencerAddress: Address
  /** Gets TRUSTED_AGGREGATOR_ROLE. */
  aggregatorAddress: Address
  /** Who may attest batches; used by the attestation verifier. */
  attesters: readonly Address[]
  /** Attestations that a proof needs: 1..8. */
  threshold: number
  /** State root of the L2 genesis. */
  genesisRoot: Hash
  forkId: number
  l2ChainId: number
  /** 'mock' accepts every proof. Default 'attestation'. */
  verifier?: 'attestation' | 'mock'
  trustedSequencerUrl: string
  networkName: string
  /** Decides the bridge's address, together with its code. Default 32 zero bytes. */
  bridgeSalt?: Hash
  /** Seconds after sequencing in which only the trusted aggregator can verify. Default a week less a second. */
  trustedAggregatorTimeoutSeconds?: number
  /** Seconds that the states of other aggregators stay pending. Default a week less a second. */
  pendingStateTimeoutSeconds?: number
  /** L1 token, by its address, that pays gas on L2. Default ether. */
  gasTokenAddress?: Address
  /** POL wei that the sequencer gets. Default a million POL. */
  sequencerPolWei?: bigint
}

export type L1Deployment = {
  rollupManager: Address
  rollup: Address
  globalExitRoot: Address
  pol: Address
  verifier: Address
  bridge: Address
  rollupId: number
  /** Block of the first transaction of the deployment: nothing before it concerns the rollup. */
  l1StartBlock: number
}

/** Creates contracts at addresses that only salt and code decide; the same contract on all chains, anvil included. */
const CREATE2_DEPLOYER = '0x4e59b44847b379578588920ca78fbf26c0b4956c'
const WEEK_LESS_A_SECOND = 604_799
const POL_SUPPLY_WEI = parseEther('10000000000')
const SEQUENCER_POL_WEI = parseEther('1000000')
const POLLING_MS = 50
const MINED_TIMEOUT_MS = 120_000
const CALL_GAS = 1_000_000n

/**
 * Address of the bridge, on L1 and on L2: the first transaction of a rollup calls the bridge at its L1 address, so the
 * L2 genesis must hold it there. Known before anything is deployed.
 */
export function predictBridgeAddress(salt: Hash = ZERO_HASH): Address {
  const { bytecode } = getArtifact('PolygonZkEVMBridgeV2')
  return Address(getCreate2Address(CREATE2_DEPLOYER, salt, keccak256(bytecode)))
}

/**
 * Deploys the L1 side of one rollup: fee token, verifier, bridge, exit root contract, rollup manager, one rollup type
 * and one rollup, which sequences its first batch while it is created. The sequencer gets POL; it approves the rollup
 * with `approvePol`. Eleven transactions sent at once, mined in one or two blocks.
 * @throws {L1DeployError} @throws {BridgeAddressTakenError} @throws {SolidityCompileError}
 */
export async function deployL1(options: L1DeployOptions): Promise<L1Deployment> {
  await compileContracts()
  const provider = openProvider(options.rpcUrl)
  try {
    const salt = options.bridgeSalt ?? ZERO_HASH
    const bridge = predictBridgeAddress(salt)
    await checkBridgeSite(provider, bridge)
    const deployer = new Wallet(options.deployerKey, provider)
    const firstNonce = await provider.getTransactionCount(deployer.address, 'pending')
    // Contracts name each other in immutables: addresses are foreseen from the nonces of the creations below.
    const created = (index: number) => Address(getCreateAddress({ from: deployer.address, nonce: firstNonce + index }))
    const [pol, verifier, globalExitRoot, rollupManager, rollupImplementation] = [0, 1, 2, 3, 4].map(created) as [
      Address,
      Address,
      Address,
      Address,
      Address,
    ]
    const timeouts = [
      options.pendingStateTimeoutSeconds ?? WEEK_LESS_A_SECOND,
      options.trustedAggregatorTimeoutSeconds ?? WEEK_LESS_A_SECOND,
    ]
    const admin = deployer.address
    const steps = [
      creation('POL', [POL_SUPPLY_WEI]),
      verifierCreation(options, admin),
      creation('PolygonZkEVMGlobalExitRootV2', [rollupManager, bridge]),
      creation('PolygonRollupManager', [globalExitRoot, pol, bridge]),
      creation('PolygonZkEVMEtrog', [globalExitRoot, pol, bridge, rollupManager]),
      create2('PolygonZkEVMBridgeV2', salt),
      call('PolygonZkEVMBridgeV2', bridge, 'initialize', [...[0, ZeroAddress, 0, globalExitRoot, rollupManager], '0x']),
      call('PolygonRollupManager', rollupManager, 'initialize', [
        ...[options.aggregatorAddress, ...timeouts, admin, admin, admin],
        ...[ZeroAddress, ZeroAddress, 0, 0],
      ]),
      call('PolygonRollupManager', rollupManager, 'addNewRollupType', [
        ...[rollupImplementation, verifier, options.forkId, 0, options.genesisRoot],
        options.networkName,
      ]),
      call('POL', pol, 'transfer', [options.sequencerAddress, options.sequencerPolWei ?? SEQUENCER_POL_WEI]),
      call('PolygonRollupManager', rollupManager, 'createNewRollup', [
        ...[1, options.l2ChainId, admin, options.sequencerAddress, options.gasTokenAddress ?? ZeroAddress],
        ...[options.trustedSequencerUrl, options.networkName],
      ]),
    ]
    const receipts = await sendAll(deployer, firstNonce, steps)
    const { rollup, rollupId } = readCreation(receipts.at(-1)!)
    const l1StartBlock = Math.min(...receipts.map(({ blockNumber }) => blockNumber))
    return { rollupManager, rollup, globalExitRoot, pol, verifier, bridge, rollupId, l1StartBlock }
  } finally {
    provider.destroy()
  }
}

/**
 * Lets `spender`, the rollup contract, pull the batch fees from the owner of the key. Safe to run again.
 * @throws {L1DeployError}
 */
export async function approvePol(options: {
  rpcUrl: string
  ownerKey: string
  pol: Address
  spender: Address
  /** Default: no limit. */
  amountWei?: bigint
}): Promise<void> {
  const { rpcUrl, ownerKey, pol, spender, amountWei = MaxUint256 } = options
  const provider = openProvider(rpcUrl)
  try {
    const owner = new Wallet(ownerKey, provider)
    const nonce = await provider.getTransactionCount(owner.address, 'pending')
    await sendAll(owner, nonce, [call('POL', pol, 'approve', [spender, amountWei])])
  } finally {
    provider.destroy()
  }
}

type Step = { label: string; to: string | null; data: string; gasLimit: bigint }

function openProvider(rpcUrl: string): JsonRpcProvider {
  return new JsonRpcProvider(rpcUrl, undefined, { pollingInterval: POLLING_MS, cacheTimeout: -1, staticNetwork: true })
}

async function checkBridgeSite(provider: JsonRpcProvider, bridge: Address): Promise<void> {
  const [bridgeCode, create2Code] = await Promise.all([provider.getCode(bridge), provider.getCode(CREATE2_DEPLOYER)])
  if (bridgeCode !== '0x')
    throw new BridgeAddressTakenError('This L1 has a bridge of that salt already.', { facts: { bridge } })
  if (create2Code === '0x')
    throw new L1DeployError('This L1 lacks the CREATE2 deployer.', { facts: { address: CREATE2_DEPLOYER } })
}

function verifierCreation({ verifier, attesters, threshold }: L1DeployOptions, admin: string): Step {
  if (verifier === 'mock') return creation('MockVerifier', [])
  return creation('AttestationVerifier', [admin, attesters, threshold])
}

function creation(name: string, args: readonly unknown[]): Step {
  const { abi, bytecode } = getArtifact(name)
  const { inputs } = new Interface(abi).deploy
  const data = concat([bytecode, AbiCoder.defaultAbiCoder().encode(inputs, [...args])])
  return { label: `create ${name}`, to: null, data, gasLimit: creationGas(data) }
}

function create2(name: string, salt: Hash): Step {
  const data = concat([salt, getArtifact(name).bytecode])
  return { label: `create ${name}`, to: CREATE2_DEPLOYER, data, gasLimit: creationGas(data) }
}

/** Upper bound: 200 gas a byte of code stored, 40 a byte of calldata at most, and the constructor's own work. */
function creationGas(data: string): bigint {
  return 600_000n + 240n * BigInt(data.length / 2)
}

function call(name: string, to: string, method: string, args: readonly unknown[]): Step {
  const { abi } = getArtifact(name)
  const data = new Interface(abi).encodeFunctionData(method, args)
  return { label: `${name}.${method}`, to, data, gasLimit: method === 'createNewRollup' ? 3n * CALL_GAS : CALL_GAS }
}

/** Sends all at once, with nonces of our own, and waits for all. */
async function sendAll(wallet: Wallet, firstNonce: number, steps: readonly Step[]): Promise<TransactionReceipt[]> {
  const provider = wallet.provider as JsonRpcProvider
  const [{ chainId }, { maxFeePerGas, maxPriorityFeePerGas }] = await Promise.all([
    provider.getNetwork(),
    provider.getFeeData(),
  ])
  const fees = { type: 2, chainId, maxFeePerGas: (maxFeePerGas ?? 0n) * 2n, maxPriorityFeePerGas }
  const hashes: string[] = []
  for (const [index, { label, to, data, gasLimit }] of steps.entries()) {
    const signed = await wallet.signTransaction({ ...fees, to, data, gasLimit, nonce: firstNonce + index })
    try {
      hashes.push(await provider.send('eth_sendRawTransaction', [signed]))
    } catch (cause) {
      throw new L1DeployError('L1 refused a transaction of the deployment.', { cause, facts: { label } })
    }
  }
  return Promise.all(hashes.map((hash, index) => waitMined(provider, hash, steps[index]!)))
}

async function waitMined(provider: JsonRpcProvider, hash: string, step: Step): Promise<TransactionReceipt> {
  const deadline = Date.now() + MINED_TIMEOUT_MS
  while (Date.now() < deadline) {
    const receipt = await provider.getTransactionReceipt(hash)
    if (receipt !== null) {
      if (receipt.status === 1) return receipt
      const facts = { label: step.label, hash, gasUsed: receipt.gasUsed, gasLimit: step.gasLimit }
      throw new L1DeployError('A transaction of the deployment reverted.', { facts })
    }
    await new Promise((resolve) => setTimeout(resolve, POLLING_MS))
  }
  throw new L1DeployError('A transaction of the deployment was not mined in time.', {
    facts: { label: step.label, hash, timeoutMs: MINED_TIMEOUT_MS },
  })
}

function readCreation(receipt: TransactionReceipt): { rollup: Address; rollupId: number } {
  const manager = new Interface(getArtifact('PolygonRollupManager').abi)
  for (const log of receipt.logs) {
    const event = manager.parseLog(log)
    if (event?.name !== 'CreateNewRollup') continue
    return {
      rollup: Address(String(event.args['rollupAddress'])),
      rollupId: Number(event.args['rollupID']),
    }
  }
  throw new L1DeployError('Creating the rollup gave no event.', { facts: { hash: receipt.hash } })
}
