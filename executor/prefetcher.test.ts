import { expect, test } from 'vitest'
import { getForkRules } from '#protocol/forks.ts'
import type { Transaction } from '#protocol/transaction.ts'
import { CounterModel } from './counters/counterModel.ts'
import { StatePrefetcher } from './prefetcher.ts'
import { runTransaction } from './runTransaction.ts'
import type { StateReader } from './stateReader.ts'
import { address, COINBASE, CONTRACT, code, memoryState, SENDER } from './testing/memoryState.ts'
import { WorldState } from './worldState.ts'

const CHAIN_ID = 1000
const block = { number: 1, timestamp: 1, coinbase: address(COINBASE), gasLimit: 1n << 50n, chainId: CHAIN_ID }

/** Adds one to the slot that the call data names, after reading slot 7 of itself. */
const COUNTER = code('07', 0x54, 0x50, 0x5f, 0x35, 0x54, '01', 0x01, 0x5f, 0x35, 0x55)

function callOf(slot: number, sender = SENDER, fields: Partial<Transaction> = {}) {
  const data = Uint8Array.from({ length: 32 }, (_, index) => (index === 31 ? slot : 0))
  const fixed = { gasPrice: 1n, gasLimit: 100_000n, value: 0n, chainId: BigInt(CHAIN_ID), r: 1n, s: 1n, v: 27 }
  return { transaction: { ...fixed, nonce: 0n, to: address(CONTRACT), data, ...fields }, sender: address(sender) }
}

/** A state that counts the round trips made for it. */
function countingWorld(senders: number) {
  const rich = Object.fromEntries(
    Array.from({ length: senders }, (_, index) => [SENDER + index, { balance: 10n ** 18n }]),
  )
  const reader = memoryState({ ...rich, [CONTRACT]: { code: COUNTER, storage: { 7: 1n } } })
  let roundTrips = 0
  const counted =
    <T extends unknown[], R>(read: (...args: T) => R) =>
    (...args: T) => {
      roundTrips++
      return read(...args)
    }
  const counting: StateReader = {
    getAccounts: counted(reader.getAccounts),
    getStorage: counted(reader.getStorage),
    getCodes: counted(reader.getCodes),
  }
  const world = new WorldState(counting)
  return { world, prefetcher: new StatePrefetcher(world, { forkId: 9 }), roundTrips: () => roundTrips }
}

async function run(world: WorldState, { transaction, sender }: ReturnType<typeof callOf>) {
  const rules = getForkRules(9)
  return await runTransaction(
    { world, rules, block, counters: new CounterModel(rules).createMeter() },
    transaction,
    sender,
    1n,
  )
}

test('what many transactions read comes in a few round trips, and running them needs no more', async () => {
  const { world, prefetcher, roundTrips } = countingWorld(50)
  const calls = Array.from({ length: 50 }, (_, index) => callOf(100 + index, SENDER + index))
  await prefetcher.prefetch(calls, block)
  const before = roundTrips()
  expect(before).toBeLessThanOrEqual(4) // accounts, code, slot 7, the 50 slots
  for (const call of calls) expect((await run(world, call)).kind).toBe('executed')
  expect(roundTrips()).toBe(before)
})

test('it changes nothing: nonces, balances, storage and warmth are as before', async () => {
  const { world, prefetcher } = countingWorld(1)
  await prefetcher.prefetch([callOf(100, SENDER, { value: 5n }), callOf(101, SENDER, { to: undefined })], block)
  const { nonce, balance } = world.account(address(SENDER))
  expect({ nonce, balance }).toEqual({ nonce: 0n, balance: 10n ** 18n })
  expect(world.changes()).toMatchObject({ treeChanges: [] })
  world.beginTransaction()
  expect(world.warmAccount(world.account(address(CONTRACT)))).toBe(true)
})

test('a sender that cannot pay the value, and code that fails or never ends, are no trouble', async () => {
  const { world, prefetcher } = countingWorld(1)
  const endless = code(0x5b, 0x5f, 0x56)
  const calls = [
    callOf(1, SENDER, { value: 10n ** 19n }),
    callOf(2, 0xffff),
    callOf(3, SENDER, { to: undefined, data: endless, gasLimit: 30_000_000n }),
    callOf(4, SENDER, { to: undefined, data: Uint8Array.of(0xfe) }),
    callOf(5, SENDER, { gasLimit: 0n }),
  ]
  await prefetcher.prefetch(calls, block)
  expect(world.changes()).toMatchObject({ treeChanges: [] })
})

test('after many that missed nothing only a few are tried, until one of them misses', async () => {
  const { world, prefetcher, roundTrips } = countingWorld(1)
  const known = Array.from({ length: 300 }, () => callOf(100))
  await prefetcher.prefetch(known, block)
  await prefetcher.prefetch(known, block)
  const before = roundTrips()
  await prefetcher.prefetch(known, block)
  expect(roundTrips()).toBe(before)
  const fresh = Array.from({ length: 20 }, (_, index) => callOf(120 + index))
  await prefetcher.prefetch(fresh, block)
  for (const { transaction } of fresh) {
    const slot = BigInt(transaction.data[31]!)
    expect(world.account(address(CONTRACT)).slots.get(slot)?.value).toBe(0n)
  }
})
