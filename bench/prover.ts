import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bigIntToBytes, bytesToHex, concatBytes } from '#common/bytes.ts'
import { buildGenesis } from '#executor/genesis.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { keccak256 } from '#protocol/keccak.ts'
import { Address, BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { signingHash, type Transaction } from '#protocol/transaction.ts'
import { summarizeExecution } from '#prover/executedBatch.ts'
import type { ReexecutionJob } from '#prover/reexecute.ts'
import { createReexecutionThreads } from '#prover/reexecutionThreads.ts'
import type { BatchInputs } from '#prover/types.ts'
import { produceWitness } from '#prover/witness.ts'
import type { BenchResult } from './run.ts'

const ACCOUNTS = 200
/** What the counters of fork 9 leave room for is not much more. */
const TRANSACTIONS = 300

/** A full batch of ether transfers between many accounts: what checking and attesting it cost. */
export async function run(): Promise<BenchResult> {
  const { job, checkMs } = await buildFullBatch()
  const threads = createReexecutionThreads()
  const { signal } = new AbortController()
  await threads.reexecute(job, signal) // warms the thread up
  const startedAt = performance.now()
  const longestBlockMs = await watchEventLoop(threads.reexecute(job, signal))
  const proveMs = Math.round(performance.now() - startedAt)
  await threads.close()
  const transactions = job.claimed.blocks.reduce((sum, { txCount }) => sum + txCount, 0)
  return {
    name: `prover: one batch of ${transactions} transfers`,
    rows: [
      { what: 'batch data, bytes', value: job.inputs.batchL2Data.length },
      { what: 'witness, bytes', value: job.witness.length },
      { what: 'check and witness on the main thread, wall ms', value: checkMs },
      { what: 'attestation in a warm thread, wall ms', value: proveMs },
      { what: 'longest stall of the event loop beside it, ms', value: longestBlockMs },
    ],
  }
}

/** A batch as large as the sequencer makes by default, ready to be proven. */
export async function buildFullBatch(): Promise<{ job: ReexecutionJob; checkMs: number }> {
  const keys = Array.from({ length: ACCOUNTS }, (_, index) => bigIntToBytes(BigInt(index + 1), 32))
  const addresses = keys.map((key) => {
    const point = secp256k1.getPublicKey(key, false)
    return Address(bytesToHex(keccak256(point.subarray(1)).subarray(12)))
  })
  const store = new MemoryNodeStore()
  const genesis = await buildGenesis(addresses.map((address) => ({ address, balance: 10n ** 20n, nonce: 0n })))
  store.add(genesis.newNodes)
  const inputs: BatchInputs = {
    ...{
      batchNumber: BatchNumber(1),
      forkId: 9,
      chainId: 1000,
      oldStateRoot: genesis.root,
      oldAccInputHash: ZERO_HASH,
    },
    ...{ batchL2Data: encodeTransfers(keys, addresses), l1InfoRoot: ZERO_HASH, timestampLimit: 2_000_000_000 },
    ...{ coinbase: addresses[0]!, forcedBlockHashL1: ZERO_HASH, l1InfoTreeData: new Map() },
  }
  const reader = createTreeStateReader(store, genesis.root, new Map())
  const startedAt = performance.now()
  const { witness, result } = await produceWitness({ inputs, store, reader })
  const checkMs = Math.round(performance.now() - startedAt)
  return { job: { inputs, witness, claimed: summarizeExecution(result) }, checkMs }
}

function encodeTransfers(keys: readonly Uint8Array[], addresses: readonly Address[]): Uint8Array {
  const parts = [encodeChangeL2Block({ deltaTimestamp: 1_700_000_000, indexL1InfoTree: 0 })]
  for (let index = 0; index < TRANSACTIONS; index++) {
    const [from, to] = [index % keys.length, (index * 7 + 1) % keys.length]
    const fields = { nonce: BigInt(Math.floor(index / keys.length)), to: addresses[to]!, value: 10n ** 15n }
    parts.push(encodeBatchTransaction(sign(fields, keys[from]!), 255))
  }
  return concatBytes(...parts)
}

function sign(fields: Pick<Transaction, 'nonce' | 'to' | 'value'>, key: Uint8Array): Transaction {
  const unsigned = { ...fields, data: new Uint8Array(), gasLimit: 21_000n, gasPrice: 10n ** 9n, chainId: 1000n }
  const blank = { ...unsigned, r: 0n, s: 0n, v: 27 } as const
  const bytes = secp256k1.sign(signingHash(blank), key, { prehash: false, format: 'recovered' })
  const { r, s, recovery } = secp256k1.Signature.fromBytes(bytes, 'recovered')
  return { ...blank, r, s, v: recovery === 1 ? 28 : 27 }
}

async function watchEventLoop(work: Promise<unknown>): Promise<number> {
  let longest = 0
  let last = performance.now()
  const timer = setInterval(() => {
    longest = Math.max(longest, performance.now() - last - 10)
    last = performance.now()
  }, 10)
  await work
  clearInterval(timer)
  return Math.round(longest)
}
