import fc from 'fast-check'
import { bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { type Address, Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER } from '#protocol/systemContract.ts'
import { contractAddress, type Transaction } from '#protocol/transaction.ts'
import type { BlockOpening } from '../blockBuilder.ts'
import type { ExecuteBatchInput, L1InfoTreeEntry } from '../executeBatch.ts'
import type { GenesisAccount } from '../genesis.ts'
import { addressOfKey, CHAIN_ID, sign } from './chain.ts'
import { address, COINBASE, code } from './memoryState.ts'

/** A transaction of a batch; `sender` is undefined where the signature is nobody's. */
export type RandomTransaction = { transaction: Transaction; sender: Address | undefined; effectivePercentage: number }
export type RandomBlock = {
  opening: BlockOpening
  /** undefined in a forced batch. */
  marker: { deltaTimestamp: number; indexL1InfoTree: number } | undefined
  transactions: readonly RandomTransaction[]
}
/** What L1 has of a batch, and the blocks it stands for: none when it is empty or void. */
export type RandomBatch = {
  input: Omit<ExecuteBatchInput, 'oldStateRoot' | 'oldAccInputHash'>
  isVoid: boolean
  blocks: readonly RandomBlock[]
}

const KEYS = [1, 2, 3]
const filled = (byte: string) => Hash(`0x${byte.repeat(32)}`)

/** Two of them bring the same root. */
const INFO_LEAVES: ReadonlyMap<number, L1InfoTreeEntry> = new Map([
  [1, { globalExitRoot: filled('a1'), blockHashL1: filled('b1'), minTimestamp: 0 }],
  [2, { globalExitRoot: filled('a2'), blockHashL1: filled('b2'), minTimestamp: 30 }],
  [3, { globalExitRoot: filled('a1'), blockHashL1: filled('b3'), minTimestamp: 0 }],
])

// ---------------------------------------------------------------------------------------------------------- contracts

/** The argument at an offset of the calldata. */
const argument = (offset: string) => [offset, 0x35] as const
const STORE = [...argument('20'), ...argument('00'), 0x55] as const
const LOG = [...argument('20'), 0x5f, 0x52, ...argument('00'), '20', 0x5f, 0xa1] as const
/** Copies the calldata from 0x40 on and leaves its size and place on the stack. */
const FORWARD = ['40', 0x36, 0x03, '40', 0x5f, 0x37, 0x5f, 0x5f, '40', 0x36, 0x03, 0x5f] as const
const keep = (slot: string) => [slot, 0x55] as const

const RUNTIMES = {
  store: code(...STORE, ...argument('60'), ...argument('40'), 0x55, ...LOG),
  storeAndRevert: code(...STORE, ...LOG, 0x5f, 0x5f, 0xfd),
  storeAndFail: code(...STORE, ...LOG, 0xfe),
  sendAll: code(...argument('00'), 0xff),
  /** Argument: address, value, calldata. */
  call: code(...FORWARD, ...argument('20'), ...argument('00'), 0x5a, 0xf1, ...keep('07'), 0x47, ...keep('08'), ...LOG),
  delegate: code(...FORWARD, ...argument('00'), 0x5a, 0xf4, ...keep('07')),
  /** Argument: init code. */
  create: code(
    ...[0x36, 0x5f, 0x5f, 0x37, '05', 0x36, 0x5f, 0x34, 0xf5, 0x43, 0x55],
    ...[0x36, 0x5f, 0x5f, 0xf0, ...keep('09')],
  ),
  /** What it sees of block, transaction and the account of the argument. */
  context: code(
    ...['01', 0x43, 0x03, 0x40, ...keep('00'), 0x42, ...keep('01'), 0x43, ...keep('02'), 0x41, ...keep('03')],
    ...[0x3a, ...keep('04'), ...argument('00'), 0x3f, ...keep('05'), ...argument('00'), 0x3b, ...keep('06')],
    ...[...argument('00'), 0x31, ...keep('07')],
  ),
}
const RUNTIME_CODES = Object.values(RUNTIMES)
const contractOf = (index: number) => address(0xa1 + index)

/** Init code that runs `prologue` and leaves `runtime`. */
function initCode(runtime: Uint8Array, prologue: Uint8Array = new Uint8Array()): Uint8Array {
  const size = runtime.length.toString(16).padStart(4, '0')
  const start = (prologue.length + 13).toString(16).padStart(4, '0')
  return concatBytes(prologue, code(size, start, 0x5f, 0x39, size, 0x5f, 0xf3), runtime)
}

const INIT_CODES = [
  ...RUNTIME_CODES.map((runtime) => initCode(runtime)),
  initCode(RUNTIMES.store, code('2a', '01', 0x55)),
  initCode(new Uint8Array()),
  initCode(Uint8Array.of(0xef)),
  code('2a', '01', 0x55, 0x5f, 0x5f, 0xfd),
  code('2a', '01', 0x55, 0xfe),
  code('dead', 0xff),
]

export const RANDOM_GENESIS: readonly GenesisAccount[] = [
  ...KEYS.map((key) => ({ address: addressOfKey(key), balance: 10n ** 20n, nonce: 0n })),
  ...RUNTIME_CODES.map((runtime, index) => ({
    address: contractOf(index),
    balance: BigInt(index % 2),
    nonce: 1n,
    code: bytesToHex(runtime),
    storage: { '0x01': '0x05' } as const,
  })),
  // Stands in for the bridge: writes to slot 1 are local exit roots.
  { address: L2_GLOBAL_EXIT_ROOT_MANAGER, balance: 0n, nonce: 1n, code: bytesToHex(RUNTIMES.store) },
]

// --------------------------------------------------------------------------------------------------------- arbitraries

const word = (value: bigint) => hexToBytes(`0x${value.toString(16).padStart(64, '0')}`)
const smallWord = fc.constantFrom(0n, 1n, 1n, 2n, 3n).map(word)
const smallValue = fc.constantFrom(0n, 0n, 1n, 2n).map(word)
/** Slot and value, twice. Few of them, so that they are overwritten and cleared. */
const anyStores = fc.tuple(smallWord, smallValue, smallWord, smallValue).map((words) => concatBytes(...words))

/** By number: accounts of the chain, contracts that were deployed, or new ones; see `targetOf`. */
const anyTarget = fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: fc.nat(30) })
const anyCalldata = fc.oneof(
  anyStores,
  fc.constantFrom(...INIT_CODES),
  fc.record({ target: anyTarget, value: fc.bigInt({ min: 0n, max: 2n }), rest: fc.oneof(anyStores, smallWord) }),
)
const anyAction = fc.oneof(
  { weight: 3, arbitrary: fc.record({ to: anyTarget, data: anyCalldata }) },
  { weight: 1, arbitrary: fc.record({ to: fc.constant(undefined), data: fc.constantFrom(...INIT_CODES) }) },
)
const anySpec = fc.record({
  key: fc.constantFrom(...KEYS),
  action: anyAction,
  value: fc.constantFrom(0n, 0n, 1n, 10n ** 18n),
  gasLimit: fc.constantFrom(60_000n, 120_000n, 600_000n, 600_000n),
  effectivePercentage: fc.nat(255),
  isProtected: fc.boolean(),
  /** What keeps it from running at all; mostly nothing. */
  fault: fc.constantFrom(
    ...Array<undefined>(12).fill(undefined),
    'nonce',
    'chainId',
    'signature',
    'gasLimit',
    'balance',
  ),
})
const anyBlock = fc.record({
  deltaTimestamp: fc.constantFrom(0, 1, 20, 40),
  index: fc.constantFrom(0, 0, 1, 2, 3),
  specs: fc.array(anySpec, { maxLength: 5 }),
})
const anyBatch = fc.oneof(
  { weight: 4, arbitrary: fc.record({ forced: fc.constant(false), blocks: fc.array(anyBlock, { maxLength: 3 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      forced: fc.constant(true),
      blocks: fc.array(anyBlock, { maxLength: 1 }),
      timestamp: fc.constantFrom(0, 10, 50, 100),
      globalExitRoot: fc.constantFrom(ZERO_HASH, filled('a1'), filled('a4')),
      forcedBlockHashL1: fc.constantFrom(filled('c1'), filled('c2')),
    }),
  },
)
const anyScript = fc.array(fc.record({ batch: anyBatch, isVoid: fc.nat(4).map((chance) => chance === 0) }), {
  minLength: 1,
  maxLength: 5,
})

type Values<T> = T extends fc.Arbitrary<infer V> ? V : never

/** Batches one after the other from RANDOM_GENESIS. */
export const randomBatches: fc.Arbitrary<RandomBatch[]> = anyScript.map((batches) => new Writer().write(batches))

/** Knows what the chain will be like, as far as it needs to write transactions that run. */
class Writer {
  readonly #nonces = new Map<number, bigint>()
  readonly #deployed: Address[] = []
  #timestamp = 0

  write(batches: Values<typeof anyScript>): RandomBatch[] {
    return batches.map(({ batch, isVoid }) => (isVoid ? this.#voidBatch(batch) : this.#batch(batch)))
  }

  /** The same data with half a marker at the end. */
  #voidBatch(batch: Values<typeof anyBatch>): RandomBatch {
    const [nonces, timestamp] = [new Map(this.#nonces), this.#timestamp]
    const { input } = this.#batch(batch)
    for (const key of KEYS) this.#nonces.set(key, nonces.get(key) ?? 0n)
    this.#timestamp = timestamp
    const batchL2Data = concatBytes(input.batchL2Data, Uint8Array.of(0x0b))
    return { input: { ...input, batchL2Data }, isVoid: true, blocks: [] }
  }

  #batch(batch: Values<typeof anyBatch>): RandomBatch {
    const blocks = batch.forced ? this.#forcedBlocks(batch) : batch.blocks.map((one) => this.#block(one))
    const batchL2Data = concatBytes(
      ...blocks.flatMap(({ marker, transactions }) => [
        ...(marker === undefined ? [] : [encodeChangeL2Block(marker)]),
        ...transactions.map((one) => encodeBatchTransaction(one.transaction, one.effectivePercentage)),
      ]),
    )
    const input = {
      forkId: 9,
      chainId: CHAIN_ID,
      batchL2Data,
      l1InfoRoot: batch.forced ? batch.globalExitRoot : filled('ee'),
      timestampLimit: batch.forced ? batch.timestamp : this.#timestamp,
      coinbase: address(COINBASE),
      forcedBlockHashL1: batch.forced ? batch.forcedBlockHashL1 : ZERO_HASH,
      l1InfoTreeData: INFO_LEAVES,
      counterLimits: null,
    }
    return { input, isVoid: false, blocks }
  }

  /** A forced batch without a transaction has no block either. */
  #forcedBlocks({
    blocks,
    timestamp,
    globalExitRoot,
    forcedBlockHashL1,
  }: Extract<Values<typeof anyBatch>, { forced: true }>) {
    const specs = blocks.flatMap((one) => one.specs)
    if (specs.length === 0) return []
    this.#timestamp = Math.max(this.#timestamp, timestamp)
    const opening = { kind: 'forced' as const, timestampLimit: timestamp, globalExitRoot, forcedBlockHashL1 }
    return [{ opening, marker: undefined, transactions: specs.map((one) => this.#transaction(one)) }]
  }

  #block({ deltaTimestamp, index, specs }: Values<typeof anyBlock>): RandomBlock {
    this.#timestamp += deltaTimestamp
    const leaf = INFO_LEAVES.get(index)
    const l1Info = leaf !== undefined && leaf.minTimestamp <= this.#timestamp ? leaf : undefined
    return {
      opening: { kind: 'changeL2Block', deltaTimestamp, timestampLimit: this.#timestamp, l1Info },
      marker: { deltaTimestamp, indexL1InfoTree: l1Info === undefined ? 0 : index },
      transactions: specs.map((one) => this.#transaction(one)),
    }
  }

  #transaction({
    key,
    action,
    fault,
    effectivePercentage,
    isProtected,
    ...rest
  }: Values<typeof anySpec>): RandomTransaction {
    const nonce = this.#nonces.get(key) ?? 0n
    const fields: Partial<Transaction> = {
      ...rest,
      nonce: fault === 'nonce' ? nonce + 1n : nonce,
      to: action.to === undefined ? undefined : this.#targetOf(action.to),
      data: this.#calldata(action.data),
      chainId: isProtected ? BigInt(fault === 'chainId' ? CHAIN_ID + 1 : CHAIN_ID) : undefined,
      ...(fault === 'gasLimit' ? { gasLimit: 20_999n } : {}),
      ...(fault === 'balance' ? { value: 10n ** 21n } : {}),
    }
    const { transaction, sender } = sign(fields, key)
    if (fault === 'signature') return { transaction: { ...transaction, v: 29 }, sender: undefined, effectivePercentage }
    if (fault === undefined || (fault === 'chainId' && !isProtected)) {
      this.#nonces.set(key, nonce + 1n)
      if (action.to === undefined) this.#deployed.push(contractAddress(sender, nonce))
    }
    return { transaction, sender, effectivePercentage }
  }

  #calldata(data: Values<typeof anyCalldata>): Uint8Array {
    if (data instanceof Uint8Array) return data
    return concatBytes(word(BigInt(this.#targetOf(data.target))), word(data.value), data.rest)
  }

  #targetOf(number: number): Address {
    if (number < 2 * RUNTIME_CODES.length) return contractOf(number % RUNTIME_CODES.length)
    const others = [
      ...KEYS.map(addressOfKey),
      ...[0, 3, 4, COINBASE, 0xdead].map(address),
      L2_GLOBAL_EXIT_ROOT_MANAGER,
      ...this.#deployed.slice(-5).toReversed(),
    ]
    return others[(number - 2 * RUNTIME_CODES.length) % others.length]!
  }
}
