import {
  type BytesLike,
  Contract,
  type ContractTransactionReceipt,
  Interface,
  JsonRpcProvider,
  type LogDescription,
  type Result,
  Wallet,
  ZeroHash,
} from 'ethers'
import { expect } from 'vitest'
import { Address, Hash } from '#protocol/primitives.ts'
import { ANVIL_KEYS, startAnvil } from '#test/anvil.ts'
import { getArtifact } from './artifacts.ts'
import { approvePol, deployL1, type L1Deployment, type L1DeployOptions } from './deploy.ts'

/** For tests of this room: an L1 of their own with a rollup on it, and named accounts. */
export type L1Fixture = {
  url: string
  provider: JsonRpcProvider
  deployment: L1Deployment
  admin: Wallet
  sequencer: Wallet
  aggregator: Wallet
  attesters: readonly Wallet[]
  stranger: Wallet
  manager: Contract
  rollup: Contract
  exitRoot: Contract
  bridge: Contract
  pol: Contract
  verifier: Contract
  stop(): Promise<void>
}

export const GENESIS_ROOT = Hash(`0x${'00'.repeat(31)}01`)
export const CHAIN_ID = 1001
export const FORK_ID = 9
export const WEEK_SECONDS = 604_800

/** Every contract of this room, for decoding errors and events whoever raises them. */
const INTERFACES = [
  ...['PolygonRollupManager', 'PolygonZkEVMEtrog', 'PolygonZkEVMGlobalExitRootV2', 'PolygonZkEVMGlobalExitRootL2'],
  ...['PolygonZkEVMBridgeV2', 'AttestationVerifier', 'Permit', 'TokenWrapped'],
]

export async function startL1(options: Partial<L1DeployOptions> = {}): Promise<L1Fixture> {
  const anvil = await startAnvil()
  const provider = new JsonRpcProvider(anvil.url, undefined, {
    staticNetwork: true,
    cacheTimeout: -1,
    pollingInterval: 10,
  })
  const wallets = ANVIL_KEYS.map((key) => new Wallet(key, provider))
  const [admin, sequencer, aggregator, ...others] = wallets as [Wallet, Wallet, Wallet, ...Wallet[]]
  const attesters = others.slice(0, 3).sort((a, b) => (BigInt(a.address) < BigInt(b.address) ? -1 : 1))
  const deployment = await deployL1({
    rpcUrl: anvil.url,
    deployerKey: admin.privateKey,
    sequencerAddress: Address(sequencer.address),
    aggregatorAddress: Address(aggregator.address),
    attesters: attesters.map(({ address }) => Address(address)),
    threshold: 2,
    genesisRoot: GENESIS_ROOT,
    forkId: FORK_ID,
    l2ChainId: CHAIN_ID,
    trustedSequencerUrl: 'http://127.0.0.1:8123',
    networkName: 'test',
    ...options,
  })
  const { rollupManager, rollup, globalExitRoot, pol, verifier, bridge } = deployment
  await approvePol({ rpcUrl: anvil.url, ownerKey: sequencer.privateKey, pol, spender: rollup })
  return {
    url: anvil.url,
    provider,
    deployment,
    admin,
    sequencer,
    aggregator,
    attesters,
    stranger: others[6]!,
    manager: contractAt('PolygonRollupManager', rollupManager, admin),
    rollup: contractAt('PolygonZkEVMEtrog', rollup, sequencer),
    exitRoot: contractAt('PolygonZkEVMGlobalExitRootV2', globalExitRoot, admin),
    bridge: contractAt('PolygonZkEVMBridgeV2', bridge, admin),
    pol: contractAt('POL', pol, admin),
    verifier: contractAt(options.verifier === 'mock' ? 'MockVerifier' : 'AttestationVerifier', verifier, admin),
    async stop() {
      provider.destroy()
      await anvil.stop()
    },
  }
}

export function contractAt(name: string, address: string, signer: Wallet): Contract {
  return new Contract(address, getArtifact(name).abi, signer)
}

/** Deploys one more contract. */
export async function create(name: string, args: readonly unknown[], signer: Wallet): Promise<Contract> {
  const { abi, bytecode } = getArtifact(name)
  const creation = new Interface(abi).encodeDeploy([...args])
  const sent = await signer.sendTransaction({ data: bytecode + creation.slice(2), gasLimit: 8_000_000 })
  const receipt = await sent.wait()
  return contractAt(name, receipt!.contractAddress!, signer)
}

/** Sends a call and waits for it; it must succeed. */
export async function send(
  contract: Contract,
  method: string,
  args: readonly unknown[],
  { from, value = 0n }: { from?: Wallet; value?: bigint } = {},
): Promise<ContractTransactionReceipt> {
  const connected = from === undefined ? contract : (contract.connect(from) as Contract)
  const response = await connected.getFunction(method).send(...args, { value, gasLimit: 15_000_000 })
  const receipt = await response.wait()
  return receipt as ContractTransactionReceipt
}

/** Overwrites the one storage slot that a view function reads: for states that no transaction reaches in reasonable time. */
export async function overwrite(
  { provider }: L1Fixture,
  contract: Contract,
  [method, ...args]: readonly [string, ...unknown[]],
  value: string,
): Promise<void> {
  const to = await contract.getAddress()
  const data = contract.interface.encodeFunctionData(method, args)
  const { accessList } = (await provider.send('eth_createAccessList', [{ to, data }, 'latest'])) as {
    accessList: { address: string; storageKeys: string[] }[]
  }
  const [slot, ...others] = accessList.flatMap(({ storageKeys }) => storageKeys)
  if (slot === undefined || others.length > 0) throw new Error(`${method} does not read one slot`)
  await provider.send('anvil_setStorageAt', [to, slot, value])
}

export async function read(
  contract: Contract,
  method: string,
  args: readonly unknown[] = [],
  from?: Wallet,
): Promise<unknown> {
  const connected = from === undefined ? contract : (contract.connect(from) as Contract)
  return await connected.getFunction(method).staticCall(...args)
}

/** Expects that the call would revert with that custom error. */
export async function expectRefusal(
  errorName: string,
  contract: Contract,
  method: string,
  args: readonly unknown[],
  { from, value = 0n }: { from?: Wallet; value?: bigint } = {},
): Promise<void> {
  const connected = from === undefined ? contract : (contract.connect(from) as Contract)
  const outcome = await connected
    .getFunction(method)
    .staticCall(...args, { value })
    .then(
      () => 'no revert',
      (error: { data?: BytesLike | null; message: string }) => errorNameOf(error),
    )
  expect(outcome, `${method} as ${errorName}`).toBe(errorName)
}

function errorNameOf({ data, message }: { data?: BytesLike | null; message: string }): string {
  if (data === undefined || data === null || data === '0x') return message
  for (const name of INTERFACES) {
    const parsed = new Interface(getArtifact(name).abi).parseError(data)
    if (parsed !== null) return parsed.name
  }
  return message
}

/** Events of a receipt in order, of all known contracts. */
export function eventsOf(receipt: ContractTransactionReceipt): LogDescription[] {
  return receipt.logs.flatMap((log) => {
    for (const name of [...INTERFACES, 'POL']) {
      const parsed = new Interface(getArtifact(name).abi).parseLog(log)
      if (parsed !== null) return [parsed]
    }
    return []
  })
}

export function eventOf(receipt: ContractTransactionReceipt, name: string): LogDescription {
  const event = eventsOf(receipt).find((candidate) => candidate.name === name)
  if (event === undefined) throw new Error(`no event ${name}`)
  return event
}

export type BatchData = {
  transactions: string
  forcedGlobalExitRoot: string
  forcedTimestamp: number | bigint
  forcedBlockHashL1: string
}

export function regularBatch(transactions: string): BatchData {
  return { transactions, forcedGlobalExitRoot: ZeroHash, forcedTimestamp: 0, forcedBlockHashL1: ZeroHash }
}

/** Seconds of the newest L1 block. */
export async function latestTimestamp({ provider }: L1Fixture): Promise<number> {
  return (await provider.getBlock('latest'))!.timestamp
}

/** Moves the clock of L1. */
export async function passTime({ provider }: L1Fixture, seconds: number): Promise<void> {
  await provider.send('evm_increaseTime', [seconds])
  await provider.send('evm_mine', [])
}

/** Sequences these batches with the newest block's time as limit. */
export async function sequence(l1: L1Fixture, batches: readonly BatchData[]): Promise<ContractTransactionReceipt> {
  const { lastBatchSequenced } = await rollupData(l1)
  const limit = await latestTimestamp(l1)
  return send(l1.rollup, 'sequenceBatches', [batches, limit, lastBatchSequenced, l1.sequencer.address])
}

export type RollupData = {
  rollupContract: string
  chainID: bigint
  verifier: string
  forkID: bigint
  lastLocalExitRoot: string
  lastBatchSequenced: bigint
  lastVerifiedBatch: bigint
  lastPendingState: bigint
  lastPendingStateConsolidated: bigint
  lastVerifiedBatchBeforeUpgrade: bigint
  rollupTypeID: bigint
  rollupCompatibilityID: bigint
}

export async function rollupData(l1: L1Fixture, rollupId = 1): Promise<RollupData> {
  return ((await read(l1.manager, 'rollupIDToRollupData', [rollupId])) as Result).toObject() as RollupData
}
