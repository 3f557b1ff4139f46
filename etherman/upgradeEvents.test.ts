import type { Interface } from 'ethers'
import { expect, test } from 'vitest'
import { Address, type Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { hashOf } from '#test/blocks.ts'
import { EVENT_TOPICS, type LogContext, readLog } from './events.ts'
import {
  globalExitRootInterface,
  preEtrogGlobalExitRootInterface,
  preEtrogInterface,
  rollupInterface,
  rollupManagerInterface,
} from './interfaces.ts'

const addressOf = (digit: number) => Address(`0x${String(digit).repeat(40)}`)
const contracts = { rollupManager: addressOf(1), rollup: addressOf(2), globalExitRoot: addressOf(3), pol: addressOf(4) }
const [sequencer, aggregator] = [addressOf(5), addressOf(6)]
const txHash = hashOf(0x77)

const context = (input: string): LogContext => ({
  ...{ contracts, rollupId: 1, block: { number: 1, hash: ZERO_HASH, parentHash: ZERO_HASH, timestamp: 1 } },
  getTransaction: async () => ({ hash: txHash, from: sequencer, to: contracts.rollupManager, input: input as Hex }),
  readForkId: async (rollupTypeId) => rollupTypeId + 7,
})
async function read(address: Address, abi: Interface, name: string, args: readonly unknown[], input = '0x') {
  const { data, topics } = abi.encodeEventLog(name, [...args])
  expect(EVENT_TOPICS).toContain(topics[0])
  const place = {
    blockHash: ZERO_HASH as string,
    transactionHash: txHash,
    blockNumber: '0x1',
    logIndex: '0x0',
  } as const
  return await readLog({ ...place, address, data, topics }, context(input))
}
const readManager = (name: string, args: readonly unknown[]) =>
  read(contracts.rollupManager, rollupManagerInterface, name, args)

test.each([
  ['CreateNewRollup', [1, 2, addressOf(2), 1001, addressOf(0)], { fromBatch: 1, forkId: 9 }],
  ['UpdateRollup', [1, 5, 40], { fromBatch: 41, forkId: 12 }],
  ['AddExistingRollup', [1, 7, addressOf(2), 1101, 0, 99], { fromBatch: 100, forkId: 7 }],
])('%s says from which batch on the rollup is of which fork', async (name, args, upgrade) => {
  expect(await readManager(name, args)).toEqual({ kind: 'forkUpgrade', ...upgrade, txHash })
  expect(await readManager(name, [2, ...args.slice(1)])).toBeUndefined()
})

test('a rollback, an overridden state and the batch of an upgrade are read', async () => {
  expect(await readManager('RollbackBatches', [1, 30, ZERO_HASH])).toEqual({ kind: 'rollback', toBatch: 30, txHash })
  const [stateRoot, exitRoot] = [hashOf(8), hashOf(9)]
  expect(await readManager('OverridePendingState', [1, 30, stateRoot, exitRoot, aggregator])).toEqual({
    ...{ kind: 'verification', toBatch: 30, stateRoot, exitRoot, aggregator, trusted: true, txHash },
  })
  const args = [31, '0x0102', hashOf(4), sequencer]
  expect(await read(contracts.rollup, rollupInterface, 'UpdateEtrogSequence', args)).toEqual({
    ...{ kind: 'upgradeSequence', batchNumber: 31, batchL2Data: Uint8Array.of(1, 2) },
    ...{ lastGlobalExitRoot: hashOf(4), sequencer, txHash },
  })
})

const batch = { transactions: '0xabcd', globalExitRoot: hashOf(1), timestamp: '5', minForcedTimestamp: '0' }
const sequenceBatches = preEtrogInterface.encodeFunctionData('sequenceBatches', [[Object.values(batch)], sequencer])
const readOld = (name: string, args: readonly unknown[], input?: string) =>
  read(contracts.rollupManager, preEtrogInterface, name, args, input)

test('events of the contracts before fork 7 come with their calls, from where the manager is now', async () => {
  const { l2Coinbase, batches } = { l2Coinbase: `0x${'5'.repeat(40)}`, batches: [batch] }
  expect(await readOld('SequenceBatches', [7], sequenceBatches)).toEqual({
    ...{ kind: 'preEtrog', event: 'SequenceBatches', txHash },
    facts: { numBatch: '7', call: { batches, l2Coinbase } },
  })
  expect(await readOld('UpdateZkEVMVersion', [20, 5, 'v'])).toEqual({
    ...{ kind: 'forkUpgrade', fromBatch: 21, forkId: 5, txHash },
  })
  for (const [name, args] of [
    ['SequenceForceBatches', [7]],
    ['ForceBatch', [1, ZERO_HASH, sequencer, '0x01']],
    ['VerifyBatches', [7, ZERO_HASH, aggregator]],
    ['VerifyBatchesTrustedAggregator', [7, ZERO_HASH, aggregator]],
    ['ConsolidatePendingState', [7, ZERO_HASH, 1]],
    ['OverridePendingState', [7, ZERO_HASH, aggregator]],
  ] as const)
    expect(await readOld(name, args)).toMatchObject({ kind: 'preEtrog', event: name })
})

test('a call before fork 7 that cannot be read stops nobody', async () => {
  for (const input of ['0x', '0x12345678', sequenceBatches.slice(0, 100)]) {
    const event = await readOld('SequenceBatches', [7], input)
    expect(event).toMatchObject({ kind: 'preEtrog', facts: { numBatch: '7' } })
    expect(event?.kind === 'preEtrog' && event.facts).not.toHaveProperty('call')
  }
})

test('exit roots before fork 7 are no leaves of the info tree', async () => {
  const roots: [Hash, Hash] = [hashOf(1), hashOf(2)]
  const [at, old] = [contracts.globalExitRoot, preEtrogGlobalExitRootInterface]
  expect(await read(at, old, 'UpdateGlobalExitRoot', roots)).toMatchObject({ event: 'UpdateGlobalExitRoot' })
  expect(await read(at, globalExitRootInterface, 'UpdateL1InfoTree', roots)).toMatchObject({ kind: 'l1InfoLeaf' })
})
