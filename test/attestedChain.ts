import { Wallet } from 'ethers'
import { concatBytes, hexToBytes } from '#common/bytes.ts'
import type { L1Fixture } from '#contracts/fixture.ts'
import { l2GenesisContracts } from '#contracts/genesis.ts'
import { createEtherman } from '#etherman/client.ts'
import { buildGenesis, type GenesisState } from '#executor/genesis.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { Address, BatchNumber, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { decodeRawTransaction } from '#protocol/transaction.ts'
import { createAttestationProver } from '#prover/attestation.ts'
import { summarizeExecution } from '#prover/executedBatch.ts'
import { combineFinalProofs } from '#prover/finalProof.ts'
import { reexecuteBatch } from '#prover/reexecuteBatch.ts'
import { createAttester } from '#prover/signature.ts'
import type { AttestationDomain, BatchInputs, BatchJob, FinalProof, Prover } from '#prover/types.ts'
import { produceWitness } from '#prover/witness.ts'
import { addressOf } from './blocks.ts'
import { undisturbed } from './proofs.ts'

export const L1_CHAIN_ID = 1337
const CHAIN_ID = 1001
const FORK_ID = 9
const user = new Wallet(`0x${'42'.repeat(32)}`)

/** One funded account and the contracts that every L2 of ours begins with. */
export const buildAttestedGenesis = (): Promise<GenesisState> =>
  buildGenesis([
    { address: Address(user.address), balance: 10n ** 20n, nonce: 0n },
    ...l2GenesisContracts(ZERO_HASH).map(({ address, balanceWei, nonce, code }) => {
      return { address, balance: BigInt(balanceWei), nonce: BigInt(nonce), code }
    }),
  ])

/** A block with a transfer, as the sequencer would write it. */
export async function transferBatch(nonce: number): Promise<Uint8Array> {
  const fields = { type: 0, chainId: CHAIN_ID, nonce, gasPrice: 10n ** 9n, gasLimit: 21_000 }
  const raw = hexToBytes(await user.signTransaction({ ...fields, to: addressOf(0xabc), value: 7n }))
  return concatBytes(
    encodeChangeL2Block({ deltaTimestamp: 0, indexL1InfoTree: 0 }),
    encodeBatchTransaction(decodeRawTransaction(raw), 255),
  )
}

/** Jobs of all batches that L1 has, in order: executed on the genesis from what its events say and nothing else. */
export async function executeWhatL1Has(l1: L1Fixture, genesis: GenesisState): Promise<BatchJob[]> {
  const store = new MemoryNodeStore()
  store.add(genesis.newNodes)
  const codes = new Map(genesis.changes.codes)
  const jobs: BatchJob[] = []
  let before = { oldStateRoot: genesis.root, oldAccInputHash: ZERO_HASH }
  for (const batch of await readBatches(l1)) {
    const batchNumber = BatchNumber(jobs.length + 1)
    const chain = { batchNumber, forkId: FORK_ID, chainId: CHAIN_ID, ...before, l1InfoTreeData: new Map() }
    const inputs: BatchInputs = { ...batch, ...chain }
    const reader = createTreeStateReader(store, inputs.oldStateRoot, codes)
    const { witness, result } = await produceWitness({ inputs, store, reader })
    for (const block of result.blocks) {
      store.add(block.newNodes)
      for (const [codeHash, code] of block.stateDiff.codes) codes.set(codeHash, code)
    }
    const claimed = summarizeExecution(result)
    jobs.push({ jobId: `batch-${batchNumber}`, inputs, witness, claimed })
    before = { oldStateRoot: claimed.newStateRoot, oldAccInputHash: claimed.newAccInputHash }
  }
  return jobs
}

type BatchOnL1 = Pick<BatchInputs, 'batchL2Data' | 'l1InfoRoot' | 'timestampLimit' | 'coinbase' | 'forcedBlockHashL1'>

async function readBatches({ url, deployment, provider }: L1Fixture): Promise<BatchOnL1[]> {
  const { rollupId, l1StartBlock, ...contracts } = deployment
  const etherman = createEtherman({ rpcUrl: url, contracts, rollupId, requestTimeoutMs: 10_000 })
  try {
    const found = await etherman.readEvents({ fromBlock: l1StartBlock, toBlock: await provider.getBlockNumber() })
    return found.flatMap(({ block, events }) =>
      events.flatMap((event): BatchOnL1[] => {
        if (event.kind === 'initialSequence') {
          const { batchL2Data, lastGlobalExitRoot: l1InfoRoot, sequencer: coinbase } = event
          const { timestamp: timestampLimit, parentHash: forcedBlockHashL1 } = block
          return [{ batchL2Data, l1InfoRoot, timestampLimit, coinbase, forcedBlockHashL1 }]
        }
        if (event.kind !== 'sequence') return []
        const { l1InfoRoot, timestampLimit, coinbase } = event
        const shared = { l1InfoRoot, timestampLimit, coinbase, forcedBlockHashL1: ZERO_HASH }
        return event.batches.map(({ batchL2Data }) => ({ batchL2Data, ...shared }))
      }),
    )
  } finally {
    etherman.close()
  }
}

/** Each attester's prover executes, joins and signs by itself; their final proofs are put together. */
export async function attest(
  jobs: readonly [BatchJob, ...BatchJob[]],
  { domain, keys, aggregator }: { domain: AttestationDomain; keys: readonly Hex[]; aggregator: Address },
): Promise<FinalProof> {
  const proofs = await Promise.all(keys.map((key) => attestAlone(createProver(domain, key), jobs, aggregator)))
  return combineFinalProofs(domain, proofs as [FinalProof, ...FinalProof[]])
}

async function attestAlone(prover: Prover, jobs: readonly BatchJob[], aggregator: Address): Promise<FinalProof> {
  const proofs = await Promise.all(jobs.map((job) => prover.proveBatch(job, undisturbed())))
  const [first, second, ...others] = proofs
  const joined =
    second === undefined
      ? first!
      : await prover.aggregate(
          { jobId: 'aggregated', proofs: [first!, second, ...others], claims: claimsOf(jobs) },
          undisturbed(),
        )
  return await prover.finalize({ jobId: 'final', proof: joined, claims: claimsOf(jobs), aggregator }, undisturbed())
}

/** What a proof of these batches, which follow each other, states. */
export function claimsOf(jobs: readonly BatchJob[]) {
  const [first, last] = [jobs[0]!, jobs.at(-1)!]
  const { oldStateRoot, oldAccInputHash, batchNumber } = first.inputs
  const { newStateRoot, newAccInputHash, newLocalExitRoot } = last.claimed
  const range = { oldBatchNumber: BatchNumber(batchNumber - 1), newBatchNumber: last.inputs.batchNumber }
  const roots = { oldStateRoot, oldAccInputHash, newStateRoot, newAccInputHash, newLocalExitRoot }
  return { ...roots, ...range, chainId: CHAIN_ID, forkId: FORK_ID }
}

const createProver = (domain: AttestationDomain, key: Hex): Prover =>
  createAttestationProver({
    ...{ name: 'test', domain, attester: createAttester(key) },
    reexecutor: { reexecute: (job) => reexecuteBatch(job) },
  })
