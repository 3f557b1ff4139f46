import { describe, expect, test } from 'vitest'
import { counterLimits } from '#protocol/counters.ts'
import { type Address, Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { BlockRefusedError } from './blockBuilder.ts'
import { addressOfKey, MemoryChain, sign } from './testing/chain.ts'
import { address, COINBASE } from './testing/memoryState.ts'
import { StateMiss } from './worldState.ts'

const ETHER = 10n ** 18n
const GWEI = 1_000_000_000n
const createChain = () => MemoryChain.create([{ address: addressOfKey(1), balance: ETHER, nonce: 0n }])
const balanceOf = async ({ world }: MemoryChain, account: Address) => {
  await world.prefetchAccounts([account])
  return world.account(account).balance
}

describe('a block', () => {
  test('holds transactions with receipts and moves their fees to the coinbase', async () => {
    const chain = await createChain()
    const builder = await chain.open()
    for (const nonce of [0n, 1n]) {
      const { transaction, sender } = sign({ nonce, value: 5n })
      expect(await builder.execute(transaction, sender, 127)).toMatchObject({ kind: 'included' })
    }
    const block = await chain.close(builder)
    expect(block).toMatchObject({ number: 1, timestamp: 1, gasUsed: 42000 })
    expect(
      block.receipts.map(({ status, gasUsed, cumulativeGasUsed, effectiveGasPrice }) => [
        status,
        gasUsed,
        cumulativeGasUsed,
        effectiveGasPrice,
      ]),
    ).toEqual([
      [1, 21000, 21000, GWEI / 2n],
      [1, 21000, 42000, GWEI / 2n],
    ])
    expect(await balanceOf(chain, address(0xdead))).toBe(10n)
    expect(await balanceOf(chain, address(COINBASE))).toBe(42000n * (GWEI / 2n))
    expect(block.stateDiff.accounts.get(addressOfKey(1))).toMatchObject({ nonce: 2n })
  })

  test('gives the same roots after a restart as with a warm cache', async () => {
    const [kept, restarted] = [await createChain(), await createChain()]
    for (let number = 0; number < 3; number++) {
      for (const chain of [kept, restarted]) {
        const builder = await chain.open()
        const { transaction, sender } = sign({ nonce: BigInt(number), value: 1n })
        await builder.execute(transaction, sender, 255)
        await chain.close(builder)
      }
      restarted.restart()
      expect(restarted.stateRoot).toBe(kept.stateRoot)
    }
  })

  test('that is discarded leaves the world as it was', async () => {
    const chain = await createChain()
    const builder = await chain.open()
    const { transaction, sender } = sign({ value: 5n })
    await builder.execute(transaction, sender, 255)
    builder.discard()
    expect(await balanceOf(chain, sender)).toBe(ETHER)
    const empty = await chain.close(await chain.open())
    const other = await createChain()
    expect((await other.close(await other.open())).stateRoot).toBe(empty.stateRoot)
  })
})

describe('a transaction that is not taken', () => {
  test.each([
    ['INTRINSIC_INVALID_CHAIN_ID', { chainId: 7n }],
    ['INTRINSIC_INVALID_NONCE', { nonce: 1n }],
    ['INTRINSIC_INVALID_BATCH_GAS_LIMIT', { gasLimit: 30_000_001n }],
    ['INTRINSIC_INVALID_GAS_LIMIT', { gasLimit: 20_999n }],
    ['INTRINSIC_TX_GAS_OVERFLOW', { gasPrice: 2n ** 255n }],
    ['INTRINSIC_INVALID_BALANCE', { value: ETHER }],
  ] as const)('%s leaves no trace', async (error, fields) => {
    const [chain, other] = [await createChain(), await createChain()]
    const builder = await chain.open()
    const { transaction, sender } = sign(fields)
    expect(await builder.execute(transaction, sender, 255)).toEqual({ kind: 'invalid', error })
    const block = await chain.close(builder)
    expect(block.stateRoot).toBe((await other.close(await other.open())).stateRoot)
  })

  test('because its counters do not fit leaves no trace, and a smaller one fits', async () => {
    const chain = await createChain()
    const limits = { ...counterLimits(2 ** 23, 20), steps: 30_000 }
    const builder = await chain.open({ counterLimits: limits })
    const large = sign({ gasLimit: 1_000_000n, data: new Uint8Array(1000) })
    const small = sign({})
    expect(await builder.execute(large.transaction, large.sender, 255)).toEqual({
      kind: 'out-of-counters',
      counter: 'steps',
    })
    expect(await builder.execute(small.transaction, small.sender, 255)).toMatchObject({ kind: 'included' })
    expect((await chain.close(builder)).receipts).toHaveLength(1)
  })
})

describe('opening a block', () => {
  const leaf = {
    globalExitRoot: Hash(`0x${'a1'.repeat(32)}`),
    blockHashL1: Hash(`0x${'b1'.repeat(32)}`),
    minTimestamp: 50,
  }
  const emptyLeaf = { globalExitRoot: ZERO_HASH, blockHashL1: ZERO_HASH, minTimestamp: 0 }
  const opening = { kind: 'changeL2Block', deltaTimestamp: 50, timestampLimit: 50 } as const

  test.each([
    ['timestamp-above-limit', { ...opening, deltaTimestamp: 51 }],
    ['timestamp-below-l1-info', { ...opening, deltaTimestamp: 49, l1Info: leaf }],
    ['empty-l1-info-leaf', { ...opening, l1Info: emptyLeaf }],
  ] as const)('is refused: %s', async (reason, refused) => {
    const chain = await createChain()
    const error = await chain.open({ opening: refused }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(BlockRefusedError)
    expect(error).toMatchObject({ reason })
    expect((await chain.open({ opening: { ...opening, l1Info: leaf } })).timestamp).toBe(50)
  })

  test('takes an empty leaf before fork 9', async () => {
    const chain = await createChain()
    expect((await chain.open({ forkId: 8, opening: { ...opening, l1Info: emptyLeaf } })).number).toBe(1)
  })

  test('never lets a forced block go back in time', async () => {
    const chain = await createChain()
    await chain.close(await chain.open({ opening }))
    const forced = {
      kind: 'forced',
      timestampLimit: 10,
      globalExitRoot: ZERO_HASH,
      forcedBlockHashL1: leaf.blockHashL1,
    } as const
    expect((await chain.open({ opening: forced })).timestamp).toBe(50)
  })
})

test('what is not in memory is missed before anything happens', async () => {
  const chain = await createChain()
  expect(() => chain.world.account(address(1))).toThrow(StateMiss)
})
