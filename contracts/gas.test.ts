import { concat, SigningKey, sha256, toBeHex, ZeroAddress, ZeroHash } from 'ethers'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { ExitTree, encodeGlobalIndex } from '#protocol/exitTree.ts'
import { Address } from '#protocol/primitives.ts'
import {
  type L1Fixture,
  passTime,
  read,
  regularBatch,
  rollupData,
  send,
  sequence,
  startL1,
  WEEK_SECONDS,
} from './fixture.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 120_000 })

const MARKER = '0x0b0000000100000000'
const root = (batch: number) => toBeHex(batch + 100, 32)

let l1: L1Fixture
let lastVerified = 0
const table: Record<string, number> = {}

beforeAll(async () => {
  l1 = await startL1()
})
afterAll(async () => {
  await l1?.stop()
  console.table(table)
})

/** Records gas used and holds it to a bound, so that a change which makes a call dearer shows. */
function record(what: string, { gasUsed }: { gasUsed: bigint }, boundGas: number): void {
  table[what] = Number(gasUsed)
  expect(Number(gasUsed), what).toBeLessThan(boundGas)
}

async function verify(signatures: number, finalNewBatch: number) {
  const sender = l1.aggregator.address
  const newRoots = [root(finalNewBatch), toBeHex(finalNewBatch, 32)] as const
  const oldRoot = (await read(l1.manager, 'getRollupBatchNumToStateRoot', [1, lastVerified])) as string
  const call = [1, lastVerified, finalNewBatch, newRoots[1], oldRoot, newRoots[0]]
  const input = (await read(l1.manager, 'getInputSnarkBytes', call, l1.aggregator)) as string
  const digest = (await read(l1.verifier, 'attestationDigest', [sha256(input)])) as string
  const at = (start: number, end: number) => `0x${input.slice(2 + 2 * start, 2 + 2 * end)}`
  const words = [
    concat([at(0, 20), `0x${'00'.repeat(12)}`]),
    ...[at(20, 52), at(52, 84), concat([at(84, 108), at(204, 212)]), at(108, 140), at(140, 172), at(172, 204)],
    ...l1.attesters.slice(0, signatures).flatMap(({ privateKey }) => {
      const { r, yParityAndS } = new SigningKey(privateKey).sign(digest)
      return [r, yParityAndS]
    }),
  ]
  while (words.length < 24) words.push(ZeroHash)
  const args = [1, 0, lastVerified, finalNewBatch, newRoots[1], newRoots[0], sender, words]
  const receipt = await send(l1.manager, 'verifyBatchesTrustedAggregator', args, { from: l1.aggregator })
  lastVerified = finalNewBatch
  return receipt
}

test('sequencing', async () => {
  await sequence(l1, [regularBatch(MARKER)]) // the first one pays for empty slots
  record('sequenceBatches, 1 batch of 9 bytes', await sequence(l1, [regularBatch(MARKER)]), 160_000)
  record(
    'sequenceBatches, 2 batches of 9 bytes',
    await sequence(l1, [regularBatch(MARKER), regularBatch(MARKER)]),
    200_000,
  )
  const large = regularBatch(`0x${'a5'.repeat(100_000)}`)
  record('sequenceBatches, 1 batch of 100,000 bytes', await sequence(l1, [large]), 4_400_000)
})

test('verification', async () => {
  const attesters = l1.attesters.map(({ address }) => address)
  const verifyNext = async (k: number) => {
    await send(l1.verifier, 'setAttesters', [attesters, k])
    await sequence(l1, [regularBatch(MARKER)])
    const { lastBatchSequenced } = await rollupData(l1)
    return verify(k, Number(lastBatchSequenced))
  }
  await verifyNext(1) // the first one pays for empty slots
  record('verifyBatchesTrustedAggregator, 1 signature', await verifyNext(1), 240_000)
  record('verifyBatchesTrustedAggregator, 2 signatures', await verifyNext(2), 248_000)
  record('verifyBatchesTrustedAggregator, 3 signatures', await verifyNext(3), 256_000)
})

test('forced batches', async () => {
  await send(l1.rollup, 'setForceBatchAddress', [ZeroAddress], { from: l1.admin })
  const fee = await read(l1.manager, 'getForcedBatchFee')
  const receipt = await send(l1.rollup, 'forceBatch', ['0xe605', fee])
  record('forceBatch, 2 bytes', receipt, 140_000)
  const block = (await l1.provider.getBlock(receipt.blockNumber))!
  const forcedGlobalExitRoot = await read(l1.exitRoot, 'getLastGlobalExitRoot')
  const forced = { forcedGlobalExitRoot, forcedTimestamp: block.timestamp, forcedBlockHashL1: block.parentHash }
  await passTime(l1, WEEK_SECONDS)
  const batch = { transactions: '0xe605', ...forced }
  record('sequenceForceBatches, 1 batch', await send(l1.rollup, 'sequenceForceBatches', [[batch]]), 155_000)
})

test('bridge', async () => {
  const who = Address(l1.stranger.address)
  const deposit = [1, who, 5n, ZeroAddress, true, '0x']
  await send(l1.bridge, 'bridgeAsset', deposit, { value: 5n })
  record('bridgeAsset, ether, root updated', await send(l1.bridge, 'bridgeAsset', deposit, { value: 5n }), 160_000)
  record('bridgeAsset, ether', await send(l1.bridge, 'bridgeAsset', deposit.with(4, false), { value: 5n }), 55_000)

  const tree = new ExitTree()
  const leaf = { leafType: 0, originNetwork: 0, originAddress: Address(ZeroAddress), destinationNetwork: 0 } as const
  tree.appendExit({ ...leaf, destinationAddress: who, amount: 3n, metadata: new Uint8Array() })
  const rollups = new ExitTree([tree.root])
  const from = l1.deployment.rollupManager
  await l1.provider.send('anvil_impersonateAccount', [from])
  await l1.provider.send('anvil_setBalance', [from, toBeHex(10n ** 18n)])
  const data = l1.exitRoot.interface.encodeFunctionData('updateExitRoot', [rollups.root])
  const hash = await l1.provider.send('eth_sendTransaction', [{ from, to: l1.deployment.globalExitRoot, data }])
  await l1.provider.waitForTransaction(hash)
  const mainnet = await read(l1.exitRoot, 'lastMainnetExitRoot')
  const globalIndex = encodeGlobalIndex({ isMainnet: false, rollupIndex: 0, localIndex: 0 })
  const claim = [tree.proof(0), rollups.proof(0), globalIndex, mainnet, rollups.root, 0, ZeroAddress, 0, who, 3n, '0x']
  record('claimAsset, ether, from a rollup', await send(l1.bridge, 'claimAsset', claim), 130_000)
})
