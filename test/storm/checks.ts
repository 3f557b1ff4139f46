import { Contract, type EventLog, JsonRpcProvider } from 'ethers'
import { rollupManagerAbi } from '#contracts/abi.ts'
import { replayFromL1 } from '#devnet/demo/replay.ts'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import type { TestNetwork } from '#test/network.ts'

/** What must hold of what is on L1, with what does not. */
export type L1Findings = {
  verifications: number
  /** State roots of the rollup manager that are those of this node. */
  equalRootsOnL1: number
  /** Batches whose root comes out of L1's data alone as this node has it. */
  equalReplayedRoots: number
  faults: string[]
}

type Verification = { toBatch: number; stateRoot: string }

/** Compares each verified batch with L1: verified once, in order, and with the root that this node has. */
export async function checkL1({ network, genesis }: TestNetwork, toBatch: number): Promise<L1Findings> {
  const faults: string[] = []
  const rootOf = async (batch: number) => {
    const params = [`0x${batch.toString(16)}`, false]
    return (await call<{ stateRoot: Hex }>(network.rpcUrl, 'zkevm_getBatchByNumber', params)).stateRoot
  }
  const verifications = await readVerifications(network)
  let verified = 0
  let equalRootsOnL1 = 0
  for (const { toBatch: end, stateRoot } of verifications) {
    if (end <= verified) faults.push(`Batches up to ${verified} were verified, then those up to ${end} again.`)
    verified = end
    const ours = await rootOf(end)
    if (ours === stateRoot) equalRootsOnL1++
    else faults.push(`Batch ${end} has root ${stateRoot} on L1 and ${ours} here.`)
  }
  if (verified < toBatch) faults.push(`L1 has batches up to ${verified} verified, and not ${toBatch}.`)
  let equalReplayedRoots = 0
  for (const { batchNumber, stateRoot, rootOnL1 } of await replayFromL1(network, genesis, toBatch)) {
    const ours = await rootOf(batchNumber)
    if (ours === stateRoot && (rootOnL1 === undefined || rootOnL1 === ours)) equalReplayedRoots++
    else faults.push(`Batch ${batchNumber} replayed from L1 has root ${stateRoot}, here ${ours}, on L1 ${rootOnL1}.`)
  }
  if (equalReplayedRoots < toBatch) faults.push(`L1 has the data of ${equalReplayedRoots} of ${toBatch} batches.`)
  return { verifications: verifications.length, equalRootsOnL1, equalReplayedRoots, faults }
}

async function readVerifications({ l1RpcUrl, contracts, rollupId }: TestNetwork['network']): Promise<Verification[]> {
  const provider = new JsonRpcProvider(l1RpcUrl, undefined, { staticNetwork: true })
  try {
    const manager = new Contract(contracts.rollupManager, [...rollupManagerAbi], provider)
    const events = await manager.queryFilter(manager.filters['VerifyBatchesTrustedAggregator']!(rollupId))
    return events.map((event) => {
      const { args } = event as EventLog
      return { toBatch: Number(args['numBatch']), stateRoot: String(args['stateRoot']) }
    })
  } finally {
    provider.destroy()
  }
}
