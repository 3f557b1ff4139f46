import { hexToBytes } from '#common/bytes.ts'
import type { NodeStore } from '#merkletree/nodeStore.ts'
import { Address, Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { loadVectors } from '../../test/vectors/load.ts'
import { BatchRun, type BatchRunOptions, VoidBatch } from '../batchRun.ts'
import { type ExecuteBatchInput, type ExecuteBatchResult, executeBatch, type L1InfoTreeEntry } from '../executeBatch.ts'
import { buildGenesis, type GenesisState } from '../genesis.ts'
import { OverlayNodeStore } from '../overlayNodeStore.ts'
import { createTreeStateReader, type StateReader } from '../stateReader.ts'

type GenesisAccount = {
  address: string
  nonce: string
  balance: string
  bytecode?: string
  storage?: Record<string, string>
}
type L1InfoEntry = { globalExitRoot: string; blockHash: string; timestamp: string | number; smtProof: string[] }
type Batch = {
  batchL2Data: string
  sequencerAddr: string
  timestampLimit: string
  forcedBlockHashL1: string
  l1InfoRoot: string
  l1InfoTree?: Record<string, L1InfoEntry | boolean>
}
export type Expected = Partial<Record<'newStateRoot' | 'newAccInputHash' | 'newLocalExitRoot', string>>
export type ReferenceTx = {
  type: string
  status?: number
  gasUsed?: string
  logs?: { address: string; topics: string[]; data: string }[]
  createdAddress?: string
  invalid?: boolean
  reason?: string
  from?: string
}
export type VectorBatch = {
  batch: Batch
  expected: Expected
  reference?: { batchInvalid: boolean; blockInfoRoot: string; txs: ReferenceTx[]; newAccInputHash?: string }
}
export type TransitionVector = {
  id: string
  forkID: number
  chainID: number
  genesis: GenesisAccount[]
  oldStateRoot: string
  oldAccInputHash: string
  outOfCounters?: boolean
} & (VectorBatch | { batches: VectorBatch[] })

/** Vectors of one kind; undefined without the folder. */
export function loadTransitions(kind: string): TransitionVector[] | undefined {
  return loadVectors<TransitionVector>(kind)?.vectors
}

export function batchesOf(vector: TransitionVector): VectorBatch[] {
  return 'batches' in vector ? vector.batches : [vector]
}

const decimalOrHex = (value: string | number) => Number(BigInt(value))
const pad32 = (hex: string) => Hash(`0x${hex.replace(/^0x/, '').padStart(64, '0')}`)

function l1InfoTreeData({ l1InfoTree = {} }: Batch): Map<number, L1InfoTreeEntry> {
  const entries = new Map<number, L1InfoTreeEntry>()
  for (const [index, entry] of Object.entries(l1InfoTree)) {
    if (typeof entry === 'boolean') continue
    entries.set(Number(index), {
      globalExitRoot: pad32(entry.globalExitRoot),
      blockHashL1: pad32(entry.blockHash),
      minTimestamp: decimalOrHex(entry.timestamp),
      proof: entry.smtProof.map(pad32),
    })
  }
  return entries
}

const NO_NODES: NodeStore = { getNodes: async (hashes) => hashes.map(() => undefined) }

/** A chain at the genesis of a vector, which runs its batches one after the other. */
export class VectorChain {
  readonly #vector: TransitionVector
  readonly #codes: Map<Hash, Uint8Array>
  readonly #store: OverlayNodeStore
  stateRoot: Hash
  accInputHash: Hash

  private constructor(vector: TransitionVector, genesis: GenesisState) {
    this.#vector = vector
    this.#codes = genesis.changes.codes
    this.#store = new OverlayNodeStore(NO_NODES)
    this.#store.add(genesis.newNodes)
    this.stateRoot = genesis.root
    this.accInputHash = pad32(vector.oldAccInputHash)
  }

  static async create(vector: TransitionVector): Promise<VectorChain> {
    const genesis = await buildGenesis(
      vector.genesis.map(({ address, nonce, balance, bytecode, storage }) => ({
        address: Address(address),
        nonce: BigInt(nonce),
        balance: BigInt(balance),
        ...(bytecode === undefined ? {} : { code: bytecode as Hex }),
        storage: (storage ?? {}) as Record<Hex, Hex>,
      })),
    )
    return new VectorChain(vector, genesis)
  }

  get reader(): StateReader {
    return createTreeStateReader(this.#store, this.stateRoot, this.#codes)
  }

  input({ batch }: VectorBatch): ExecuteBatchInput {
    const { forkID, chainID } = this.#vector
    return {
      forkId: forkID,
      chainId: chainID,
      oldStateRoot: this.stateRoot,
      oldAccInputHash: this.accInputHash,
      batchL2Data: hexToBytes(batch.batchL2Data),
      l1InfoRoot: pad32(batch.l1InfoRoot),
      timestampLimit: decimalOrHex(batch.timestampLimit),
      coinbase: Address(batch.sequencerAddr),
      forcedBlockHashL1: batch.forcedBlockHashL1 === undefined ? ZERO_HASH : pad32(batch.forcedBlockHashL1),
      l1InfoTreeData: l1InfoTreeData(batch),
      skipVerifyL1InfoRoot: batch.l1InfoTree?.['skipVerifyL1InfoRoot'] === true,
    }
  }

  /** Without limits. Leaves the chain where it is; a void batch is left as it is when it is given up. */
  async runOn(
    batch: VectorBatch,
    reader: StateReader,
    work: (run: BatchRun) => Promise<void>,
    counting?: BatchRunOptions,
  ): Promise<BatchRun> {
    const input = { ...this.input(batch), counterLimits: null }
    const run = new BatchRun(input, { reader, store: this.#store }, counting)
    await work(run).catch((error: unknown) => {
      if (!(error instanceof VoidBatch)) throw error
    })
    return run
  }

  /** @param wrap stands between the executor and the state, to watch or disturb it */
  async run(
    batch: VectorBatch,
    { wrap = (reader: StateReader) => reader, ...options }: RunOptions = {},
  ): Promise<ExecuteBatchResult> {
    const input = { ...this.input(batch), ...options }
    const result = await executeBatch(input, { reader: wrap(this.reader), store: this.#store })
    for (const block of result.blocks) {
      this.#store.add(block.newNodes)
      for (const [hash, code] of block.stateDiff.codes) this.#codes.set(hash, code)
    }
    this.stateRoot = result.newStateRoot
    this.accInputHash = result.newAccInputHash
    return result
  }
}

type RunOptions = Partial<Pick<ExecuteBatchInput, 'counterLimits'>> & {
  wrap?: (reader: StateReader) => StateReader
}
