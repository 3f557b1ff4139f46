import { expect, test } from 'vitest'
import { concatBytes, hexToBytes } from '#common/bytes.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { encodeBatchTransaction, encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { getForkRules } from '#protocol/forks.ts'
import { Address, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { executeBatch } from '../executeBatch.ts'
import { buildGenesis } from '../genesis.ts'
import { createTreeStateReader } from '../stateReader.ts'
import { addressOfKey, CHAIN_ID, sign } from '../testing/chain.ts'
import { CounterModel } from './counterModel.ts'
import { readingDataCost } from './formulas.ts'
import { vectorToCounters } from './vector.ts'

const RULES = getForkRules(9)
const CONTRACT = Address(`0x${'cc'.repeat(20)}`)
const TARGET = 'ee'.repeat(20)

/** One transaction to a contract that does something until its gas is gone. */
async function runForever(body: string, gasLimit: bigint) {
  const accounts = [
    { address: addressOfKey(1), balance: 10n ** 24n, nonce: 0n },
    { address: CONTRACT, balance: 1n, nonce: 1n, code: `0x5b${body}600056` as Hex },
  ]
  const genesis = await buildGenesis(accounts)
  const store = new MemoryNodeStore()
  store.add(genesis.newNodes)
  const fields = { to: CONTRACT, gasLimit, gasPrice: 1n, value: 0n, nonce: 0n, data: new Uint8Array() }
  const { transaction } = sign({ ...fields, chainId: BigInt(CHAIN_ID) }, 1)
  const marker = encodeChangeL2Block({ deltaTimestamp: 1, indexL1InfoTree: 0 })
  const input = {
    ...{ forkId: 9, chainId: CHAIN_ID, oldStateRoot: genesis.root, oldAccInputHash: ZERO_HASH },
    batchL2Data: concatBytes(marker, encodeBatchTransaction(transaction, 255)),
    ...{ l1InfoRoot: ZERO_HASH, timestampLimit: 10, coinbase: addressOfKey(2), forcedBlockHashL1: ZERO_HASH },
    l1InfoTreeData: new Map(),
  }
  const reader = createTreeStateReader(store, genesis.root, genesis.changes.codes)
  const run = (counterLimits?: null) => executeBatch({ ...input, counterLimits }, { reader, store })
  return { judged: await run(), estimated: (await run(null)).counters }
}

const STATIC_CALL = `600060006000600073${TARGET}60fffa50`

test('a batch the estimate finds too large, but not the program, is not void', async () => {
  const { judged, estimated } = await runForever(STATIC_CALL, 300_000n)
  expect(estimated.poseidonHashes).toBeGreaterThan(RULES.counterBudget!.poseidonHashes)
  expect(judged.invalid).toBeUndefined()
  expect(judged.blocks).toHaveLength(1)
  expect(judged.counters.poseidonHashes).toBeLessThan(RULES.counterBudget!.poseidonHashes)
})

test.each([
  ['steps', '600160020150', 30_000_000n],
  ['keccakHashes', '620f424060002050', 2_300_000n],
  ['poseidonHashes', '600160005560026000554250', 3_000_000n],
] as const)('a batch the program has too few %s for is void', async (counter, body, gasLimit) => {
  const { judged } = await runForever(body, gasLimit)
  expect(judged.invalid).toMatchObject({ reason: 'out-of-counters', message: expect.stringContaining(counter) })
})

test('data is counted byte by byte, and costs less where a word is zero', () => {
  const word = (hex: string) => hexToBytes(`0x${hex.padStart(64, '0')}`)
  const steps = (data: Uint8Array) =>
    vectorToCounters(readingDataCost(data), 0).steps - vectorToCounters(readingDataCost(new Uint8Array()), 0).steps
  expect(steps(word('ff'.repeat(32)))).toBe(40 + 32 * 94)
  expect(steps(word('ff'))).toBe(40 + 31 * 85 + 94)
  expect(steps(word(''))).toBe(40 + 32 * 49)
})

test('an estimate takes a path of the tree to be 32 levels or more, the program as long as it is', () => {
  const [estimate, program] = [new CounterModel(RULES), new CounterModel(RULES, 'program')]
  expect([0, 31, 32, 50].map((depth) => estimate.executionLevels(depth))).toEqual([32, 32, 33, 51])
  expect([0, 15, 20].map((depth) => estimate.levels(depth))).toEqual([16, 17, 21])
  expect([5, 32].map((depth) => program.executionLevels(depth))).toEqual([7, 34])
})
