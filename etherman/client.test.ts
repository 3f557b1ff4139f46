import { afterAll, beforeAll, expect, test } from 'vitest'
import { type L1Fixture, read, regularBatch, send, sequence, startL1 } from '#contracts/fixture.ts'
import { Address, Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { createEtherman } from './client.ts'
import { L1UnavailableError, WrongL1Error } from './errors.ts'
import type { Etherman } from './types.ts'

const MARKER = '0x0b0000000500000000'

let l1: L1Fixture
let etherman: Etherman & { close(): void }

const head = async () => (await etherman.getBlock('latest'))!.number
const allEvents = async () => {
  const toBlock = await head()
  return await etherman.readEvents({ fromBlock: l1.deployment.l1StartBlock, toBlock })
}
const optionsOf = ({ url, deployment }: L1Fixture) => ({
  rpcUrl: url,
  contracts: deployment,
  rollupId: deployment.rollupId,
  requestTimeoutMs: 5000,
})

beforeAll(async () => {
  l1 = await startL1({ verifier: 'mock' })
  etherman = createEtherman(optionsOf(l1))
}, 60_000)

afterAll(async () => {
  etherman.close()
  await l1.stop()
})

test('reads blocks by number and tag; there is none above the head', async () => {
  const latest = (await etherman.getBlock('latest'))!
  expect(latest).toEqual(await etherman.getBlock(latest.number))
  expect((await etherman.getBlock(latest.number - 1))?.hash).toBe(latest.parentHash)
  expect(await etherman.getBlock(latest.number + 1000)).toBeUndefined()
  expect((await etherman.getBlock('finalized'))?.number ?? 0).toBeLessThanOrEqual(latest.number)
})

test('the deployment brought the first batch of the rollup', async () => {
  const [first] = (await allEvents()).flatMap(({ events }) => events).filter(({ kind }) => kind === 'initialSequence')
  expect(first).toMatchObject({ kind: 'initialSequence', sequencer: l1.sequencer.address.toLowerCase() })
  expect(first?.kind === 'initialSequence' && first.batchL2Data.length).toBeGreaterThan(300)
  const { accInputHash, previousLastBatchSequenced } = await etherman.readSequencedBatches(1)
  expect(previousLastBatchSequenced).toBe(0)
  expect(accInputHash).toBe(await read(l1.rollup, 'lastAccInputHash'))
})

test('reads a sequence with the batches of its calldata', async () => {
  const before = await head()
  const { hash, blockNumber } = await sequence(l1, [regularBatch(MARKER), regularBatch(`${MARKER}${MARKER.slice(2)}`)])
  const blocks = await etherman.readEvents({ fromBlock: before + 1, toBlock: await head() })
  const [found] = blocks.filter(({ block }) => block.number === blockNumber)
  expect(found?.block).toEqual(await etherman.getBlock(blockNumber))
  const event = found?.events.find(({ kind }) => kind === 'sequence')
  expect(event).toMatchObject({
    toBatch: 3,
    l1InfoRoot: await read(l1.exitRoot, 'getRoot'),
    coinbase: l1.sequencer.address.toLowerCase(),
    sequencer: l1.sequencer.address.toLowerCase(),
    txHash: hash,
  })
  if (event?.kind !== 'sequence') throw new Error('no sequence')
  expect(event.timestampLimit).toBeLessThanOrEqual(found!.block.timestamp)
  expect(event.batches.map(({ batchL2Data }) => batchL2Data.length)).toEqual([9, 18])
  expect(event.batches[0]?.forcedGlobalExitRoot).toBe(ZERO_HASH)
})

test('reads a verification of our rollup and the info leaf it causes, in the order of the chain', async () => {
  const before = await head()
  const roots = [Hash(`0x${'22'.repeat(32)}`), Hash(`0x${'00'.repeat(31)}07`)] as const
  await send(
    l1.manager,
    'verifyBatchesTrustedAggregator',
    [l1.deployment.rollupId, 0, 0, 3, ...roots, l1.aggregator.address, new Array(24).fill(ZERO_HASH)],
    { from: l1.aggregator },
  )
  const events = (await etherman.readEvents({ fromBlock: before + 1, toBlock: await head() })).flatMap((b) => b.events)
  expect(events).toEqual([
    { kind: 'l1InfoLeaf', mainnetExitRoot: ZERO_HASH, rollupExitRoot: await read(l1.manager, 'getRollupExitRoot') },
    expect.objectContaining({
      kind: 'verification',
      toBatch: 3,
      exitRoot: roots[0],
      stateRoot: roots[1],
      aggregator: l1.aggregator.address.toLowerCase(),
      trusted: true,
    }),
  ])
  expect(await etherman.readStateRoot(3)).toBe(roots[1])
  expect(await etherman.readStateRoot(2)).toBe(ZERO_HASH)
  expect(await etherman.readProgress()).toEqual({ forkId: 9, lastBatchSequenced: 3, lastVerifiedBatch: 3 })
  const other = createEtherman({ ...optionsOf(l1), rollupId: 2 })
  const kinds = (await other.readEvents({ fromBlock: before + 1, toBlock: await head() })).flatMap((b) => b.events)
  expect(kinds.map(({ kind }) => kind)).not.toContain('verification')
})

test('takes the data of a forced batch from the calldata when the event leaves it out', async () => {
  const before = await head()
  await send(l1.rollup, 'setForceBatchAddress', [`0x${'00'.repeat(20)}`], { from: l1.admin })
  const fee = await read(l1.manager, 'getForcedBatchFee')
  await send(l1.rollup, 'forceBatch', ['0xabcdef', fee], { from: l1.sequencer })
  const events = (await etherman.readEvents({ fromBlock: before + 1, toBlock: await head() })).flatMap((b) => b.events)
  expect(events.find(({ kind }) => kind === 'forceBatch')).toMatchObject({
    forcedBatchNumber: 1,
    batchL2Data: Uint8Array.of(0xab, 0xcd, 0xef),
    sender: l1.sequencer.address.toLowerCase(),
  })
})

test('knows whether chain, contracts and rollup id belong together', async () => {
  await etherman.checkNetwork(1337)
  await expect(etherman.checkNetwork(1)).rejects.toThrow(WrongL1Error)
  await expect(createEtherman({ ...optionsOf(l1), rollupId: 2 }).checkNetwork(1337)).rejects.toThrow(WrongL1Error)
  const contracts = { ...l1.deployment, rollupManager: Address(`0x${'99'.repeat(20)}`) }
  await expect(createEtherman({ ...optionsOf(l1), contracts }).checkNetwork(1337)).rejects.toThrow(WrongL1Error)
})

test('an endpoint that is away is trouble to wait out', async () => {
  const gone = createEtherman({ ...optionsOf(l1), rpcUrl: 'http://127.0.0.1:9' })
  await expect(gone.getBlock('latest')).rejects.toThrow(L1UnavailableError)
})
