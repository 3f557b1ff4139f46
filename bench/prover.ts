import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bigIntToBytes, bytesToHex, concatBytes } from '#common/bytes.ts'
import { extraAccountAddress } from '#devnet/accounts.ts'
import { buildGenesis } from '#executor/genesis.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import { CHAIN_ID, MemoryChain } from '#executor/testing/chain.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { keccak256 } from '#protocol/keccak.ts'
import { Address, BatchNumber, ZERO_ADDRESS, ZERO_HASH } from '#protocol/primitives.ts'
import { decodeRawTransaction, signingHash, type Transaction } from '#protocol/transaction.ts'
import { summarizeExecution } from '#prover/executedBatch.ts'
import type { ReexecutionJob } from '#prover/reexecute.ts'
import { createReexecutionThreads } from '#prover/reexecutionThreads.ts'
import type { BatchInputs } from '#prover/types.ts'
import { produceWitness } from '#prover/witness.ts'
import type { BenchResult } from './run.ts'
import { type TransferKind, TransferSigner } from './transfers.ts'

const ACCOUNTS = 200
/** What the counters of fork 9 leave room for is not much more. */
const TRANSACTIONS = 300
const BLANK_INPUTS: Omit<BatchInputs, 'oldStateRoot' | 'batchL2Data'> = {
  ...{ batchNumber: BatchNumber(1), forkId: 9, chainId: CHAIN_ID, oldAccInputHash: ZERO_HASH, l1InfoRoot: ZERO_HASH },
  ...{ timestampLimit: Number.MAX_SAFE_INTEGER, coinbase: ZERO_ADDRESS, forcedBlockHashL1: ZERO_HASH },
  l1InfoTreeData: new Map(),
}

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
  const sizes = await witnessSizes()
  const transactions = job.claimed.blocks.reduce((sum, { txCount }) => sum + txCount, 0)
  return {
    name: `prover: one batch of ${transactions} transfers`,
    rows: [
      { what: 'batch data, bytes', value: job.inputs.batchL2Data.length },
      { what: 'witness, bytes', value: job.witness.length },
      { what: 'check and witness on the main thread, wall ms', value: checkMs },
      { what: 'attestation in a warm thread, wall ms', value: proveMs },
      { what: 'longest stall of the event loop beside it, ms', value: longestBlockMs },
      ...sizes.map(({ kind, accounts, bytes }) => ({
        what: `witness of ${TRANSACTIONS} ${NAMES[kind]} transfers to new recipients, ${accounts} accounts in state, bytes`,
        value: bytes,
      })),
    ],
  }
}

const NAMES: Record<TransferKind, string> = { eth: 'ETH', erc20: 'ERC-20' }
const SIZES_OF_STATE = [0, 100_000]

/** Of one batch of each kind of transfer. Nodes deep in the state are what a large state adds. */
async function witnessSizes(): Promise<{ kind: TransferKind; accounts: number; bytes: number }[]> {
  const sizes = []
  for (const accounts of SIZES_OF_STATE) {
    const signer = new TransferSigner(CHAIN_ID)
    const others = Array.from({ length: accounts }, (_, index) => extraAccountAddress(index))
    const chain = await MemoryChain.create([
      ...signer.senders.map((address) => ({ address, balance: 10n ** 24n, nonce: 0n })),
      ...others.map((address) => ({ address, balance: 1n, nonce: 0n })),
    ])
    const builder = await chain.open()
    const deployed = await builder.execute(signer.deployment.transaction, signer.deployment.sender, 255)
    if (deployed.kind !== 'included' || deployed.receipt.status !== 1) throw new Error('Deployment failed.')
    await chain.close(builder)
    for (const kind of ['eth', 'erc20'] as const) {
      // The deployment has the first sender's first nonce, so one signer signs both kinds in a row.
      const batchL2Data = concatBytes(
        encodeChangeL2Block({ deltaTimestamp: 1_700_000_000, indexL1InfoTree: 0 }),
        ...signer.sign(kind, TRANSACTIONS).map((raw) => encodeBatchTransaction(decodeRawTransaction(raw), 255)),
      )
      const inputs = { ...BLANK_INPUTS, chainId: CHAIN_ID, oldStateRoot: chain.stateRoot, batchL2Data }
      const reader = createTreeStateReader(chain.store, chain.stateRoot, chain.codes)
      const { witness, result } = await produceWitness({ inputs, store: chain.store, reader })
      for (const { newNodes } of result.blocks) chain.store.add(newNodes)
      chain.stateRoot = result.newStateRoot
      sizes.push({ kind, accounts, bytes: witness.length })
    }
  }
  return sizes
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
  const batchL2Data = encodeTransfers(keys, addresses)
  const inputs: BatchInputs = { ...BLANK_INPUTS, oldStateRoot: genesis.root, coinbase: addresses[0]!, batchL2Data }
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
