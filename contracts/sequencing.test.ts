import {
  type ContractTransactionReceipt,
  getBytes,
  hexlify,
  keccak256,
  solidityPackedKeccak256,
  ZeroAddress,
  ZeroHash,
} from 'ethers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { encodeInjectedBatch } from '#protocol/injectedBatch.ts'
import { Address, Hash } from '#protocol/primitives.ts'
import {
  type BatchData,
  contractAt,
  create,
  eventOf,
  eventsOf,
  expectRefusal,
  type L1Fixture,
  latestTimestamp,
  passTime,
  read,
  regularBatch,
  rollupData,
  send,
  sequence,
  startL1,
  WEEK_SECONDS,
} from './fixture.ts'

const FEE_WEI = 10n ** 17n
const MARKER = '0x0b0000000100000000'

vi.setConfig({ testTimeout: 30_000, hookTimeout: 120_000 })

let l1: L1Fixture
let snapshot: string

beforeAll(async () => {
  l1 = await startL1()
})
afterAll(() => l1?.stop())
beforeEach(async () => {
  snapshot = await l1.provider.send('evm_snapshot', [])
})
afterEach(() => l1.provider.send('evm_revert', [snapshot]))

/** The running hash, from the bytes as hashes.md lists them. */
function accumulate(
  old: string,
  transactions: string,
  root: string,
  timestampLimit: number | bigint,
  coinbase: string,
  forcedBlockHashL1 = ZeroHash,
): string {
  return solidityPackedKeccak256(
    ['bytes32', 'bytes32', 'bytes32', 'uint64', 'address', 'bytes32'],
    [old, keccak256(transactions), root, timestampLimit, coinbase, forcedBlockHashL1],
  )
}

async function arguments_(batches: readonly BatchData[]): Promise<[readonly BatchData[], number, bigint, string]> {
  const { lastBatchSequenced } = await rollupData(l1)
  return [batches, await latestTimestamp(l1), lastBatchSequenced, l1.sequencer.address]
}

async function creationReceipt(): Promise<ContractTransactionReceipt> {
  const [log] = await l1.rollup.queryFilter('InitialSequenceBatches', 0)
  return (await l1.provider.getTransactionReceipt(log!.transactionHash)) as ContractTransactionReceipt
}

describe('the first batch', () => {
  test('initializes the bridge of the L2, byte for byte', async () => {
    const event = eventOf(await creationReceipt(), 'InitialSequenceBatches')
    const expected = encodeInjectedBatch({ bridgeAddress: l1.deployment.bridge, networkId: 1 })
    expect(event.args['transactions']).toBe(hexlify(expected))
    expect(getBytes(event.args['transactions'])).toHaveLength(328)
    expect(event.args['sequencer']).toBe(l1.sequencer.address)
  })

  test('starts the running hash over zero', async () => {
    const receipt = await creationReceipt()
    const { transactions, lastGlobalExitRoot, sequencer } = eventOf(receipt, 'InitialSequenceBatches').args
    const block = (await l1.provider.getBlock(receipt.blockNumber))!
    const expected = accumulate(
      ZeroHash,
      transactions,
      lastGlobalExitRoot,
      block.timestamp,
      sequencer,
      block.parentHash,
    )
    expect(await read(l1.rollup, 'lastAccInputHash')).toBe(expected)
    const stored = (await read(l1.manager, 'getRollupSequencedBatches', [1, 1])) as [string, bigint, bigint]
    expect(stored).toEqual([expected, BigInt(block.timestamp), 0n])
    expect(eventsOf(receipt).map(({ name }) => name)).toEqual([
      'CreateNewRollup',
      'OnSequenceBatches',
      'InitialSequenceBatches',
      'Initialized',
    ])
  })

  test('names the gas token and its metadata', async () => {
    const token = await create('DemoToken', [], l1.admin)
    const gasToken = Address(await token.getAddress())
    const metadata = (await read(l1.bridge, 'getTokenMetadata', [gasToken])) as string
    const receipt = await send(l1.manager, 'createNewRollup', [
      ...[1, 1002, l1.admin.address, l1.sequencer.address, gasToken],
      ...['http://127.0.0.1', 'gas token'],
    ])
    const expected = encodeInjectedBatch({
      bridgeAddress: l1.deployment.bridge,
      networkId: 2,
      gasTokenAddress: gasToken,
      gasTokenMetadata: getBytes(metadata),
    })
    expect(eventOf(receipt, 'InitialSequenceBatches').args['transactions']).toBe(hexlify(expected))
  })

  test('refuses a gas token whose metadata is larger than the transaction can be', async () => {
    const call = [2, l1.deployment.pol, 0, `0x${'01'.repeat(65_536)}`]
    await expectRefusal('HugeTokenMetadataNotSupported', l1.rollup, 'generateInitializeTransaction', call)
  })
})

describe('sequenceBatches', () => {
  test('extends the running hash batch by batch and stores its end', async () => {
    const before = (await read(l1.rollup, 'lastAccInputHash')) as string
    const limit = (await latestTimestamp(l1)) + 30
    const datas = [MARKER, `${MARKER}00`, '0x']
    const receipt = await send(l1.rollup, 'sequenceBatches', [
      datas.map(regularBatch),
      limit,
      1,
      l1.stranger.address, // the coinbase is whom the sequencer names
    ])
    const event = eventOf(receipt, 'SequenceBatches')
    expect(event.args['numBatch']).toBe(4n)
    expect(event.args['l1InfoRoot']).toBe(await read(l1.exitRoot, 'getRoot'))
    let expected = before
    for (const data of datas) {
      expected = accumulate(expected, data, event.args['l1InfoRoot'], limit, l1.stranger.address)
    }
    expect(await read(l1.rollup, 'lastAccInputHash')).toBe(expected)
    const { timestamp } = (await l1.provider.getBlock(receipt.blockNumber))!
    expect(await read(l1.manager, 'getRollupSequencedBatches', [1, 4])).toEqual([expected, BigInt(timestamp), 1n])
    expect(await read(l1.manager, 'getRollupSequencedBatches', [1, 3])).toEqual([ZeroHash, 0n, 0n])
    expect((await rollupData(l1)).lastBatchSequenced).toBe(4n)
    expect(await read(l1.manager, 'totalSequencedBatches')).toBe(4n)
  })

  test('takes the batch fee from the sequencer to the manager', async () => {
    const before = (await read(l1.pol, 'balanceOf', [l1.sequencer.address])) as bigint
    await sequence(l1, [regularBatch(MARKER), regularBatch(MARKER)])
    expect(await read(l1.pol, 'balanceOf', [l1.sequencer.address])).toBe(before - 2n * FEE_WEI)
    expect(await read(l1.pol, 'balanceOf', [l1.deployment.rollupManager])).toBe(2n * FEE_WEI)
  })

  test('publishes waiting exits first, so that the root it takes covers them', async () => {
    const deposit = [1, l1.stranger.address, 5n, ZeroAddress, false, '0x']
    await send(l1.bridge, 'bridgeAsset', deposit, { value: 5n })
    expect(await read(l1.exitRoot, 'depositCount')).toBe(0n)
    const receipt = await sequence(l1, [regularBatch(MARKER)])
    expect(eventOf(receipt, 'UpdateL1InfoTree').args['mainnetExitRoot']).toBe(await read(l1.bridge, 'getRoot'))
    expect(eventOf(receipt, 'SequenceBatches').args['l1InfoRoot']).toBe(await read(l1.exitRoot, 'getRoot'))
    expect(await read(l1.exitRoot, 'depositCount')).toBe(1n)
  })

  test('takes a limit 36 seconds ahead of the block and no later one', async () => {
    const { rollup, provider } = l1
    const now = (await latestTimestamp(l1)) + 5
    await provider.send('evm_setNextBlockTimestamp', [now])
    await send(rollup, 'sequenceBatches', [[regularBatch(MARKER)], now + 36, 1, l1.sequencer.address])
    await expectRefusal('MaxTimestampSequenceInvalid', rollup, 'sequenceBatches', [
      ...[[regularBatch(MARKER)], now + 1000, 2, l1.sequencer.address],
    ])
  })

  test.each<[string, (args: Awaited<ReturnType<typeof arguments_>>) => readonly unknown[]]>([
    ['SequenceZeroBatches', ([, ...rest]) => [[], ...rest]],
    ['ExceedMaxVerifyBatches', ([, ...rest]) => [Array.from({ length: 1001 }, () => regularBatch('0x')), ...rest]],
    ['TransactionsLengthAboveMax', ([, ...rest]) => [[regularBatch(`0x${'00'.repeat(120_001)}`)], ...rest]],
    ['InitSequencedBatchDoesNotMatch', ([batches, limit, last, coinbase]) => [batches, limit, last + 1n, coinbase]],
  ])('refuses with %s', async (error, change) => {
    await expectRefusal(error, l1.rollup, 'sequenceBatches', change(await arguments_([regularBatch(MARKER)])))
  })

  test('takes 120,000 bytes and a thousand batches', async () => {
    await sequence(l1, [regularBatch(`0x${'00'.repeat(120_000)}`)])
    await read(l1.rollup, 'sequenceBatches', await arguments_(Array.from({ length: 1000 }, () => regularBatch('0x'))))
  })

  test('is for the trusted sequencer only', async () => {
    const args = await arguments_([regularBatch(MARKER)])
    await expectRefusal('OnlyTrustedSequencer', l1.rollup, 'sequenceBatches', args, { from: l1.stranger })
  })

  test('stops in an emergency', async () => {
    await send(l1.manager, 'activateEmergencyState', [])
    await expectRefusal('OnlyNotEmergencyState', l1.rollup, 'sequenceBatches', await arguments_([regularBatch(MARKER)]))
  })
})

describe('forced batches', () => {
  const DATA = '0xe605'

  beforeEach(async () => {
    await send(l1.rollup, 'setForceBatchAddress', [ZeroAddress], { from: l1.admin })
    await send(l1.pol, 'transfer', [l1.stranger.address, 10n ** 21n])
    const pol = contractAt('POL', l1.deployment.pol, l1.stranger)
    await send(pol, 'approve', [l1.deployment.rollup, 10n ** 21n])
  })

  /** Forces a batch as a user and tells how it must be sequenced. */
  async function force(transactions = DATA): Promise<{ batch: BatchData; receipt: ContractTransactionReceipt }> {
    const fee = await read(l1.manager, 'getForcedBatchFee')
    const receipt = await send(l1.rollup, 'forceBatch', [transactions, fee], { from: l1.stranger })
    const block = (await l1.provider.getBlock(receipt.blockNumber))!
    const forcedGlobalExitRoot = eventOf(receipt, 'ForceBatch').args['lastGlobalExitRoot'] as string
    const forced = { forcedGlobalExitRoot, forcedTimestamp: block.timestamp, forcedBlockHashL1: block.parentHash }
    return { batch: { transactions, ...forced }, receipt }
  }

  test('are stored by the hash of what they say', async () => {
    const { batch, receipt } = await force()
    const expected = solidityPackedKeccak256(
      ['bytes32', 'bytes32', 'uint64', 'bytes32'],
      [keccak256(DATA), batch.forcedGlobalExitRoot, batch.forcedTimestamp, batch.forcedBlockHashL1],
    )
    expect(await read(l1.rollup, 'forcedBatches', [1])).toBe(expected)
    expect(await read(l1.rollup, 'lastForceBatch')).toBe(1n)
    const event = eventOf(receipt, 'ForceBatch')
    expect([...event.args]).toEqual([1n, batch.forcedGlobalExitRoot, l1.stranger.address, '0x'])
    expect(await read(l1.pol, 'balanceOf', [l1.deployment.rollup])).toBe(100n * FEE_WEI)
    expect(await read(l1.rollup, 'calculatePolPerForceBatch')).toBe(100n * FEE_WEI)
  })

  test('are sequenced by the sequencer with the fee their user paid', async () => {
    const { batch } = await force()
    const before = (await read(l1.rollup, 'lastAccInputHash')) as string
    const limit = await latestTimestamp(l1)
    const coinbase = l1.sequencer.address
    const args = [[regularBatch(MARKER), batch], limit, 1, coinbase]
    const event = eventOf(await send(l1.rollup, 'sequenceBatches', args), 'SequenceBatches')
    const first = accumulate(before, MARKER, event.args['l1InfoRoot'], limit, coinbase)
    const { forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 } = batch
    const second = accumulate(first, DATA, forcedGlobalExitRoot, forcedTimestamp, coinbase, forcedBlockHashL1)
    expect(await read(l1.rollup, 'lastAccInputHash')).toBe(second)
    expect(await read(l1.rollup, 'lastForceBatchSequenced')).toBe(1n)
    expect(await read(l1.rollup, 'forcedBatches', [1])).toBe(ZeroHash)
    expect(await read(l1.pol, 'balanceOf', [l1.deployment.rollupManager])).toBe(101n * FEE_WEI)
    expect(await read(l1.pol, 'balanceOf', [l1.deployment.rollup])).toBe(0n)
  })

  test('are sequenced by anybody past the timeout, with the sender as coinbase', async () => {
    const { batch } = await force()
    const from = l1.stranger
    await passTime(l1, WEEK_SECONDS) // no emergency ended within a week
    const before = (await read(l1.rollup, 'lastAccInputHash')) as string
    const receipt = await send(l1.rollup, 'sequenceForceBatches', [[batch]], { from })
    expect(eventOf(receipt, 'SequenceForceBatches').args['numBatch']).toBe(2n)
    const { forcedGlobalExitRoot, forcedTimestamp, forcedBlockHashL1 } = batch
    expect(await read(l1.rollup, 'lastAccInputHash')).toBe(
      accumulate(before, DATA, forcedGlobalExitRoot, forcedTimestamp, from.address, forcedBlockHashL1),
    )
    await expectRefusal('ForceBatchesOverflow', l1.rollup, 'sequenceForceBatches', [[batch]], { from })
  })

  test('wait for the timeout of the newest of them', async () => {
    const first = await force()
    await passTime(l1, 3 * 86_400)
    const second = await force()
    await passTime(l1, 3 * 86_400)
    const from = l1.stranger
    const both = [[first.batch, second.batch]]
    await expectRefusal('ForceBatchTimeoutNotExpired', l1.rollup, 'sequenceForceBatches', both, { from })
    await send(l1.rollup, 'sequenceForceBatches', [[first.batch]], { from })
  })

  test.each<[keyof BatchData, string | number]>([
    ['transactions', '0xe606'],
    ['forcedGlobalExitRoot', `0x${'11'.repeat(32)}`],
    ['forcedTimestamp', 7],
    ['forcedBlockHashL1', `0x${'22'.repeat(32)}`],
  ])('cannot be sequenced with another %s', async (field, value) => {
    const { batch } = await force()
    await passTime(l1, WEEK_SECONDS)
    const changed = { ...batch, [field]: value }
    const args = await arguments_([changed])
    await expectRefusal('ForcedDataDoesNotMatch', l1.rollup, 'sequenceBatches', args)
    await expectRefusal('ForcedDataDoesNotMatch', l1.rollup, 'sequenceForceBatches', [[changed]])
  })

  test('cannot be sequenced twice or out of order', async () => {
    const first = await force()
    const second = await force('0x01')
    await expectRefusal('ForcedDataDoesNotMatch', l1.rollup, 'sequenceBatches', await arguments_([second.batch]))
    await sequence(l1, [first.batch])
    await expectRefusal('ForcedDataDoesNotMatch', l1.rollup, 'sequenceBatches', await arguments_([first.batch]))
    await sequence(l1, [second.batch])
  })

  test('have bounds on size, count and fee', async () => {
    const from = l1.stranger
    const fee = (await read(l1.manager, 'getForcedBatchFee')) as bigint
    expect(fee).toBe(100n * FEE_WEI)
    await expectRefusal('NotEnoughPOLAmount', l1.rollup, 'forceBatch', [DATA, fee - 1n], { from })
    const large = `0x${'00'.repeat(5001)}`
    await expectRefusal('TransactionsLengthAboveMax', l1.rollup, 'forceBatch', [large, fee], { from })
    await send(l1.rollup, 'forceBatch', [large.slice(0, -2), fee], { from })
    await expectRefusal('SequenceZeroBatches', l1.rollup, 'sequenceForceBatches', [[]])
    const many = Array.from({ length: 1001 }, () => regularBatch('0x'))
    await expectRefusal('ExceedMaxVerifyBatches', l1.rollup, 'sequenceForceBatches', [many])
  })

  test('stop in an emergency and for a week after it', async () => {
    const { batch } = await force()
    await passTime(l1, 6 * 86_400)
    await send(l1.manager, 'activateEmergencyState', [])
    const fee = await read(l1.manager, 'getForcedBatchFee')
    const from = l1.stranger
    await expectRefusal('ForceBatchesNotAllowedOnEmergencyState', l1.rollup, 'forceBatch', [DATA, fee], { from })
    await send(l1.manager, 'deactivateEmergencyState', [])
    const error = 'HaltTimeoutNotExpiredAfterEmergencyState'
    await expectRefusal(error, l1.rollup, 'sequenceForceBatches', [[batch]], { from })
    await passTime(l1, WEEK_SECONDS)
    await send(l1.rollup, 'sequenceForceBatches', [[batch]], { from })
  })
})

describe('settings of a rollup', () => {
  const admin = () => ({ from: l1.admin })

  test('only the admin changes them', async () => {
    for (const [method, ...args] of [
      ['setTrustedSequencer', ZeroAddress],
      ['setTrustedSequencerURL', ''],
      ['setForceBatchAddress', ZeroAddress],
      ['setForceBatchTimeout', 1],
      ['transferAdminRole', ZeroAddress],
    ] as const) {
      await expectRefusal('OnlyAdmin', l1.rollup, method, args, { from: l1.stranger })
    }
    await send(l1.rollup, 'setTrustedSequencer', [l1.stranger.address], admin())
    await send(l1.rollup, 'setTrustedSequencerURL', ['http://other'], admin())
    expect(await read(l1.rollup, 'trustedSequencer')).toBe(l1.stranger.address)
    expect(await read(l1.rollup, 'trustedSequencerURL')).toBe('http://other')
    expect(await read(l1.rollup, 'networkName')).toBe('test')
  })

  test('the admin role moves in two steps', async () => {
    await send(l1.rollup, 'transferAdminRole', [l1.stranger.address], admin())
    await expectRefusal('OnlyPendingAdmin', l1.rollup, 'acceptAdminRole', [])
    await send(l1.rollup, 'acceptAdminRole', [], { from: l1.stranger })
    expect(await read(l1.rollup, 'admin')).toBe(l1.stranger.address)
  })

  test('forcing is for the admin until it is opened, for good', async () => {
    const args = ['0x', 10n ** 20n]
    await expectRefusal('ForceBatchNotAllowed', l1.rollup, 'forceBatch', args, { from: l1.stranger })
    await expectRefusal('ForceBatchNotAllowed', l1.rollup, 'sequenceForceBatches', [[]], { from: l1.stranger })
    await send(l1.rollup, 'setForceBatchAddress', [ZeroAddress], admin())
    await expectRefusal('ForceBatchesDecentralized', l1.rollup, 'setForceBatchAddress', [l1.admin.address], admin())
  })

  test('the forcing timeout only shrinks, and grows to a week in an emergency', async () => {
    expect(await read(l1.rollup, 'forceBatchTimeout')).toBe(432_000n)
    await send(l1.rollup, 'setForceBatchTimeout', [1000], admin())
    await expectRefusal('InvalidRangeForceBatchTimeout', l1.rollup, 'setForceBatchTimeout', [1000], admin())
    await send(l1.manager, 'activateEmergencyState', [])
    await send(l1.rollup, 'setForceBatchTimeout', [WEEK_SECONDS], admin())
    await expectRefusal('InvalidRangeForceBatchTimeout', l1.rollup, 'setForceBatchTimeout', [WEEK_SECONDS + 1], admin())
  })

  test('the manager alone initializes and reports', async () => {
    const call = [l1.admin.address, l1.admin.address, 1, ZeroAddress, '', '']
    await expectRefusal('OnlyRollupManager', l1.rollup, 'initialize', call)
    await expectRefusal('OnlyRollupManager', l1.rollup, 'onVerifyBatches', [1, Hash(ZeroHash), ZeroAddress])
  })
})
