import { secp256k1 } from '@noble/curves/secp256k1.js'
import { concatBytes, hexToBytes } from '#common/bytes.ts'
import type { L2BlockResult } from '#executor/blockBuilder.ts'
import { buildGenesis, type GenesisState } from '#executor/genesis.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { L1InfoTree } from '#protocol/l1InfoTree.ts'
import { Address, BatchNumber, Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { signingHash, type Transaction } from '#protocol/transaction.ts'
import { WORKED_BATCH, WORKED_SENDER } from '#protocol/workedBatch.fixture.ts'
import { summarizeExecution } from '#prover/executedBatch.ts'
import type { ReexecutionJob } from '#prover/reexecute.ts'
import type { BatchInputs } from '#prover/types.ts'
import { produceWitness } from '#prover/witness.ts'
import { addressOf } from './blocks.ts'

const SENDER_KEY = hexToBytes(`0x${'11'.repeat(32)}`)
/** Deployed by the worked batch: a call adds one to its slot 0 and logs. */
const CONTRACT = Address('0x73b647cba2fe75ba05b8e12ef8f8d6327d6367bf')

const filled = (byte: string) => Hash(`0x${byte.repeat(32)}`)
export const INFO_LEAVES = [
  { globalExitRoot: filled('a1'), blockHashL1: filled('b1'), timestamp: 1_699_999_000 },
  { globalExitRoot: filled('a2'), blockHashL1: filled('b2'), timestamp: 1_699_999_900 },
]

/** With both leaves. */
export const INFO_TREE = new L1InfoTree()
for (const leaf of INFO_LEAVES) INFO_TREE.appendLeaf(leaf)

/** A batch ready to be proven, and the blocks it gave. */
export type SmallBatch = { job: ReexecutionJob; blocks: readonly L2BlockResult[] }
export type SmallChain = { genesis: GenesisState; batches: readonly [SmallBatch, SmallBatch] }

/**
 * Two batches on a chain with one funded account, each ready to be proven: the worked batch of the protocol's
 * documentation, and one that calls the contract it deployed, so that its witness holds code, storage and many leaves.
 */
export async function buildSmallChain(): Promise<SmallChain> {
  const store = new MemoryNodeStore()
  const codes = new Map<Hash, Uint8Array>()
  const genesis = await buildGenesis([{ address: Address(WORKED_SENDER), balance: 10n ** 18n, nonce: 0n }])
  store.add(genesis.newNodes)
  const { timestamp: minTimestamp, ...leafOne } = INFO_LEAVES[1]!

  const execute = async (inputs: BatchInputs): Promise<SmallBatch> => {
    const reader = createTreeStateReader(store, inputs.oldStateRoot, codes)
    const { witness, result } = await produceWitness({ inputs, store, reader })
    for (const block of result.blocks) {
      store.add(block.newNodes)
      for (const [codeHash, code] of block.stateDiff.codes) codes.set(codeHash, code)
    }
    return { job: { inputs, witness, claimed: summarizeExecution(result) }, blocks: result.blocks }
  }
  const first = await execute({
    ...{
      batchNumber: BatchNumber(1),
      forkId: 9,
      chainId: 1000,
      oldStateRoot: genesis.root,
      oldAccInputHash: ZERO_HASH,
    },
    ...{ batchL2Data: WORKED_BATCH, l1InfoRoot: INFO_TREE.root, timestampLimit: 1_700_000_100 },
    ...{ coinbase: addressOf(0xee), forcedBlockHashL1: ZERO_HASH },
    l1InfoTreeData: new Map([[1, { ...leafOne, minTimestamp, proof: INFO_TREE.proof(1) }]]),
  })
  const second = await execute({
    ...first.job.inputs,
    batchNumber: BatchNumber(2),
    oldStateRoot: first.job.claimed.newStateRoot,
    oldAccInputHash: first.job.claimed.newAccInputHash,
    batchL2Data: concatBytes(
      encodeChangeL2Block({ deltaTimestamp: 2, indexL1InfoTree: 0 }),
      encodeBatchTransaction(sign({ nonce: 5n, to: CONTRACT, value: 0n }), 255),
      encodeBatchTransaction(sign({ nonce: 6n, to: addressOf(0xabc), value: 7n }), 255),
    ),
    l1InfoTreeData: new Map(),
  })
  return { genesis, batches: [first, second] }
}

/** A transaction of the funded account. */
function sign(fields: Pick<Transaction, 'nonce' | 'to' | 'value'>): Transaction {
  const unsigned = { ...fields, data: new Uint8Array(), gasLimit: 100_000n, gasPrice: 10n ** 9n, chainId: 1000n }
  const blank = { ...unsigned, r: 0n, s: 0n, v: 27 } as const
  const bytes = secp256k1.sign(signingHash(blank), SENDER_KEY, { prehash: false, format: 'recovered' })
  const { r, s, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered')
  return { ...blank, r, s, v: recovery === 1 ? 28 : 27 }
}
