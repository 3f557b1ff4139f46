import { solidityPackedKeccak256 } from 'ethers'
import { describe, expect, test } from 'vitest'
import { concatBytes, hexToBytes } from '#common/bytes.ts'
import { storageKey } from '#merkletree/keys.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { readTree } from '#merkletree/tree.ts'
import { encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { UnsupportedForkError } from '#protocol/forks.ts'
import { keccakHex } from '#protocol/keccak.ts'
import { Address, Hash, ZERO_HASH } from '#protocol/primitives.ts'
import {
  globalExitRootSlot,
  L2_GLOBAL_EXIT_ROOT_MANAGER,
  LAST_TIMESTAMP_SLOT,
  SYSTEM_CONTRACT,
} from '#protocol/systemContract.ts'
import { WORKED_BATCH, WORKED_SENDER } from '#protocol/workedBatch.fixture.ts'
import type { L2BlockResult } from './blockBuilder.ts'
import { blockInfoRoot, gasUsedLeaf, headerLeaves, receiptLeaves } from './blockInfoTree.ts'
import {
  type ExecuteBatchInput,
  executeBatch,
  InvalidL1InfoProofError,
  MissingL1InfoLeafError,
} from './executeBatch.ts'
import { buildGenesis } from './genesis.ts'
import { createTreeStateReader, MissingCodeError } from './stateReader.ts'

const filled = (byte: string) => Hash(`0x${byte.repeat(32)}`)
const WORKED_INFO_ROOT = Hash('0x7184aaf13b0f7171188eef783567f8e8e727dce6ac2badf78c75e29eaebe4be1')
const LEAF = { globalExitRoot: filled('a2'), blockHashL1: filled('b2'), minTimestamp: 1_699_999_900 }
const FORCED_DATA = hexToBytes(
  '0xe605843b9aca00830186a09400000000000000000000000000000000000000aa09808203e880808c163b9ae3805c2c92abfdb59a860d948ead1fed01b437855c500ad07fabe5985426dd8200729c8f801b529c2907a439e332898ffcf72160135ab2aef6eeaf081bff',
)

async function createWorkedChain() {
  const store = new MemoryNodeStore()
  const genesis = await buildGenesis([{ address: Address(WORKED_SENDER), balance: 10n ** 18n, nonce: 0n }])
  store.add(genesis.newNodes)
  const codes = new Map<Hash, Uint8Array>()
  const worked: ExecuteBatchInput = {
    forkId: 9,
    chainId: 1000,
    oldStateRoot: genesis.root,
    oldAccInputHash: ZERO_HASH,
    batchL2Data: WORKED_BATCH,
    l1InfoRoot: WORKED_INFO_ROOT,
    timestampLimit: 1_700_000_100,
    coinbase: Address(`0x${'00'.repeat(19)}ee`),
    forcedBlockHashL1: ZERO_HASH,
    l1InfoTreeData: new Map([[1, LEAF]]),
  }
  const run = async (changes: Partial<ExecuteBatchInput> = {}) => {
    const input = { ...worked, ...changes }
    const reader = createTreeStateReader(store, input.oldStateRoot, codes)
    const result = await executeBatch(input, { reader, store })
    for (const block of result.blocks) {
      store.add(block.newNodes)
      for (const [hash, code] of block.stateDiff.codes) codes.set(hash, code)
    }
    return result
  }
  const readSlots = (root: Hash, slots: [Address, Hash][]) =>
    readTree(
      store,
      root,
      slots.map(([address, slot]) => storageKey(address, BigInt(slot))),
    )
  return { run, readSlots, genesisRoot: genesis.root }
}

// Every figure was made with the protocol's reference processor.
test('the worked batch of the protocol documentation', async () => {
  const { run, genesisRoot } = await createWorkedChain()
  expect(genesisRoot).toBe('0x231f017537be62730e2e859ccad6414407dd985bfa7ced6a236b7e551c8de9d1')
  const result = await run()
  expect(result).toMatchObject({
    newStateRoot: '0x3cddf90244459af0b8d26663d41ff0a0c15d7e933a9c34a343e2614c1a745b97',
    newAccInputHash: '0x4855cab0e53f18738aded33c8fc0567ff39b2abb96969e04acb4867944f9f333',
    newLocalExitRoot: ZERO_HASH,
    skipped: [{ index: 3, error: 'INTRINSIC_INVALID_NONCE' }],
  })
  const [one, two] = result.blocks
  expect(one).toMatchObject({
    ...{ number: 1, timestamp: 1_700_000_000, gasUsed: 123055, parentStateRoot: genesisRoot },
    blockInfoRoot: '0xb24ff557ca4118cc09b1b8bcbeb3167551806c2d65ffaa09a83b106247b4c770',
    stateRoot: '0xf759a3d3afa6720e942f1b9fa9d3004df7ff127c9835b33a9656aa88d2b1f442',
  })
  expect(two).toMatchObject({
    ...{ number: 2, timestamp: 1_700_000_003, gasUsed: 42000 },
    blockInfoRoot: '0x9ae5eb72b8bebb5787ff05a26e54f8c6bc47fed5bcf2238979c581fe756ec4ab',
  })
  expect(two!.receipts.map(({ status, gasUsed }) => [status, gasUsed])).toEqual([
    [0, 21000],
    [1, 21000],
  ])
})

test('the forced batch after it', async () => {
  const { run } = await createWorkedChain()
  const { newStateRoot, newAccInputHash } = await run()
  const result = await run({
    oldStateRoot: newStateRoot,
    oldAccInputHash: newAccInputHash,
    batchL2Data: FORCED_DATA,
    l1InfoRoot: filled('dd'),
    timestampLimit: 1_700_000_200,
    forcedBlockHashL1: filled('cc'),
  })
  expect(result).toMatchObject({
    newStateRoot: '0xc233e20f4be327148e50040a2558780b66fa2e15e02e125acccf52d8dede3098',
    newAccInputHash: '0x8b6aebae21d40e8364444f2c01e1a828622db3334c911c3abacbbec4ffcf7f0a',
  })
  expect(result.blocks).toMatchObject([
    { number: 3, blockInfoRoot: '0xec6907bc8f4d73876c03ddb741b639a740c338d79157d38faa07208477063e97' },
  ])
})

test('fork 12 gives the same roots and smaller counters', async () => {
  const { run } = await createWorkedChain()
  expect(await run({ forkId: 12 })).toMatchObject({
    newStateRoot: '0x3cddf90244459af0b8d26663d41ff0a0c15d7e933a9c34a343e2614c1a745b97',
    counters: {
      ...{ steps: 62650, arithmetics: 3521, binaries: 4329, memAligns: 8, keccakHashes: 61 },
      ...{ poseidonPaddings: 71, poseidonHashes: 3640, sha256Hashes: 0 },
    },
  })
})

const TRANSACTION_A = WORKED_BATCH.subarray(9, 9 + 105)
const EMPTY_LEAF = { globalExitRoot: ZERO_HASH, blockHashL1: ZERO_HASH, minTimestamp: 0 }
const FORCED = { l1InfoRoot: filled('dd'), timestampLimit: 1_700_000_200, forcedBlockHashL1: filled('cc') }

test.each<[string, string, Partial<ExecuteBatchInput>]>([
  ['half a marker at the end', 'malformed-data', { batchL2Data: concatBytes(WORKED_BATCH, Uint8Array.of(0x0b)) }],
  ['no marker at the start', 'malformed-data', { batchL2Data: WORKED_BATCH.subarray(9) }],
  ['RLP that is cut off', 'malformed-data', { batchL2Data: WORKED_BATCH.subarray(0, -1) }],
  ['a marker at the start of a forced batch', 'malformed-data', FORCED],
  [
    'a marker in a forced batch',
    'malformed-data',
    {
      ...FORCED,
      batchL2Data: concatBytes(FORCED_DATA, encodeChangeL2Block({ deltaTimestamp: 0, indexL1InfoTree: 0 })),
    },
  ],
  ['a first block after the limit', 'timestamp-above-limit', { timestampLimit: 1_699_999_999 }],
  ['a second block after the limit', 'timestamp-above-limit', { timestampLimit: 1_700_000_002 }],
  [
    'a block before its leaf',
    'timestamp-below-l1-info',
    { l1InfoTreeData: new Map([[1, { ...LEAF, minTimestamp: 1_700_000_001 }]]) },
  ],
  ['an empty leaf', 'empty-l1-info-leaf', { l1InfoTreeData: new Map([[1, EMPTY_LEAF]]) }],
  ['too many steps', 'out-of-counters', { counterLimits: { ...limits(), steps: 50_000 } }],
  [
    'too many steps in a forced batch',
    'out-of-counters',
    { ...FORCED, batchL2Data: TRANSACTION_A, counterLimits: { ...limits(), steps: 5000 } },
  ],
])('%s makes a batch change nothing: %s', async (_, reason, changes) => {
  const { run, genesisRoot } = await createWorkedChain()
  const input = {
    timestampLimit: 1_700_000_100,
    l1InfoRoot: WORKED_INFO_ROOT,
    forcedBlockHashL1: ZERO_HASH,
    ...changes,
  }
  const result = await run(changes)
  expect(result).toMatchObject({ newStateRoot: genesisRoot, blocks: [], invalid: { reason } })
  // The batch counts: as the contract computes it.
  const { batchL2Data = WORKED_BATCH, timestampLimit, l1InfoRoot, forcedBlockHashL1 } = input
  expect(result.newAccInputHash).toBe(
    solidityPackedKeccak256(
      ['bytes32', 'bytes32', 'bytes32', 'uint64', 'address', 'bytes32'],
      [ZERO_HASH, keccakHex(batchL2Data), l1InfoRoot, timestampLimit, `0x${'00'.repeat(19)}ee`, forcedBlockHashL1],
    ),
  )
})

test.each<[string, Partial<ExecuteBatchInput>]>([
  ['at the limit', { timestampLimit: 1_700_000_003 }],
  ['at the time of its leaf', { l1InfoTreeData: new Map([[1, { ...LEAF, minTimestamp: 1_700_000_000 }]]) }],
  ['with an empty leaf before fork 9', { forkId: 8, l1InfoTreeData: new Map([[1, EMPTY_LEAF]]) }],
])('a block %s is none too many', async (_, changes) => {
  const { run } = await createWorkedChain()
  const result = await run(changes)
  expect(result.invalid).toBeUndefined()
  expect(result.blocks).toHaveLength(2)
})

test.each([
  ['regular', {}],
  ['forced', FORCED],
])('an empty %s batch writes nothing and is valid', async (_, changes) => {
  const { run, genesisRoot } = await createWorkedChain()
  const result = await run({ ...changes, batchL2Data: new Uint8Array() })
  expect(result).toMatchObject({ newStateRoot: genesisRoot, blocks: [], skipped: [] })
  expect(result.invalid).toBeUndefined()
  expect(result.newAccInputHash).not.toBe(ZERO_HASH)
})

test('a forced batch of transactions that do not run still has its block', async () => {
  const { run, genesisRoot } = await createWorkedChain()
  const result = await run({ ...FORCED, batchL2Data: FORCED_DATA }) // of a nonce to come
  expect(result.skipped).toEqual([{ index: 0, error: 'INTRINSIC_INVALID_NONCE' }])
  expect(result.blocks).toMatchObject([{ number: 1, timestamp: 1_700_000_200, gasUsed: 0, receipts: [] }])
  expect(result.newStateRoot).not.toBe(genesisRoot)
})

// The reference processor in JavaScript does otherwise; these follow the program.
describe('where reference and program differ', () => {
  const runForced = async (changes: Partial<ExecuteBatchInput>) => {
    const { run, readSlots } = await createWorkedChain()
    const { newStateRoot, newAccInputHash } = await run()
    const result = await run({
      ...{ oldStateRoot: newStateRoot, oldAccInputHash: newAccInputHash },
      ...{ ...FORCED, batchL2Data: FORCED_DATA, ...changes },
    })
    const [exitRoot, timestamp] = await readSlots(result.newStateRoot, [
      [L2_GLOBAL_EXIT_ROOT_MANAGER, globalExitRootSlot(changes.l1InfoRoot ?? FORCED.l1InfoRoot)],
      [SYSTEM_CONTRACT, LAST_TIMESTAMP_SLOT],
    ])
    return { block: result.blocks[0]!, exitRoot, timestamp }
  }

  test('an exit root that is known keeps its L1 block hash, the block info tree has the new one', async () => {
    const { block, exitRoot } = await runForced({ l1InfoRoot: LEAF.globalExitRoot })
    expect(exitRoot).toBe(BigInt(LEAF.blockHashL1))
    expect(block).toMatchObject({ globalExitRoot: LEAF.globalExitRoot, l1BlockHash: FORCED.forcedBlockHashL1 })
    expect(block.blockInfoRoot).toBe(await infoRootOf(block))
    expect((await runForced({})).exitRoot).toBe(BigInt(FORCED.forcedBlockHashL1))
  })

  test('a forced batch older than the state has the time of the state, in the block info tree too', async () => {
    const { block, timestamp } = await runForced({ timestampLimit: 1_600_000_000 })
    expect(timestamp).toBe(1_700_000_003n)
    expect(block.timestamp).toBe(1_700_000_003)
    expect(block.blockInfoRoot).toBe(await infoRootOf({ ...block, timestamp: 1_700_000_003 }))
    expect(block.blockInfoRoot).not.toBe(await infoRootOf({ ...block, timestamp: 0 }))
  })

  const infoRootOf = (block: L2BlockResult) => {
    const { parentStateRoot: parentHash, receipts, gasUsed } = block
    return blockInfoRoot([
      ...headerLeaves({ ...block, parentHash }),
      ...receipts.flatMap(receiptLeaves),
      gasUsedLeaf(gasUsed),
    ])
  }
})

test('a leaf the caller does not know, or that is not in the tree, is an error and no verdict', async () => {
  const { run } = await createWorkedChain()
  await expect(run({ l1InfoTreeData: new Map() })).rejects.toThrow(MissingL1InfoLeafError)
  const proof = Array.from({ length: 32 }, () => ZERO_HASH)
  await expect(run({ l1InfoTreeData: new Map([[1, { ...LEAF, proof }]]) })).rejects.toThrow(InvalidL1InfoProofError)
})

test('forks without L2 blocks in batches are not executed', async () => {
  const { run } = await createWorkedChain()
  await expect(run({ forkId: 6 })).rejects.toThrow(UnsupportedForkError)
})

test('code that an account names and nobody has is an error', async () => {
  const { run } = await createWorkedChain()
  const { blocks } = await run()
  const [codeHash] = blocks.flatMap(({ stateDiff }) => [...stateDiff.codes.keys()])
  const reader = createTreeStateReader(new MemoryNodeStore(), ZERO_HASH, new Map())
  await expect(reader.getCodes([codeHash!])).rejects.toThrow(MissingCodeError)
})

function limits() {
  const huge = 1e9
  return {
    ...{ steps: huge, arithmetics: huge, binaries: huge, memAligns: huge, keccakHashes: huge },
    ...{ poseidonPaddings: huge, poseidonHashes: huge, sha256Hashes: huge },
  }
}
