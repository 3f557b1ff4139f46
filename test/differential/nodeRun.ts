import { bytesToHex } from '#common/bytes.ts'
import type { Receipt } from '#executor/blockBuilder.ts'
import type { Tracer } from '#executor/evm/tracer.ts'
import type { GenesisAccount } from '#executor/genesis.ts'
import { addressOfKey, MemoryChain, sign } from '#executor/testing/chain.ts'
import { address } from '#executor/testing/memoryState.ts'
import type { WorldState } from '#executor/worldState.ts'
import { Address, type Hex } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER, SYSTEM_CONTRACT } from '#protocol/systemContract.ts'
import type { Transaction } from '#protocol/transaction.ts'
import {
  type AccountEffect,
  BLOCK_TIMESTAMP,
  type Case,
  GAS_PRICE,
  type InitialAccount,
  type Run,
  SENDER_BALANCE,
  SENDER_KEY,
} from './scenario.ts'

const toHex = (value: bigint): Hex => `0x${value.toString(16)}`

const toAddress = (key: number | string): Address =>
  typeof key === 'string' && key.startsWith('0x') ? Address(key) : address(Number(key))

/** The accounts all cases start with, and the sender. */
export function initialAccounts(cases: readonly Case[]): [string, InitialAccount][] {
  const accounts = cases.flatMap(({ accounts }) => Object.entries(accounts))
  const all = accounts.map(([key, account]): [string, InitialAccount] => [toAddress(key), account])
  return [...all, [addressOfKey(SENDER_KEY), { balance: SENDER_BALANCE }]]
}

/** One signed legacy transaction per case. */
export function signCases(cases: readonly Case[]): Transaction[] {
  return cases.map(({ to, data = new Uint8Array(), value = 0n, gasLimit = 1_000_000n }, index) => {
    const target = to === undefined ? undefined : toAddress(to)
    const fields = { nonce: BigInt(index), gasPrice: GAS_PRICE, gasLimit, to: target, value, data }
    return sign(fields, SENDER_KEY).transaction
  })
}

function genesisOf(cases: readonly Case[]): GenesisAccount[] {
  return initialAccounts(cases).map(([owner, { balance = 0n, nonce = 0n, code, storage = {} }]) => ({
    address: owner as GenesisAccount['address'],
    balance,
    nonce,
    ...(code === undefined ? {} : { code: bytesToHex(code) }),
    storage: Object.fromEntries(Object.entries(storage).map(([slot, value]) => [toHex(BigInt(slot)), toHex(value)])),
  }))
}

type AfterEach = (receipt: Receipt, index: number, world: WorldState) => Promise<void>

/** Executes all cases in one L2 block of fork 9, which stays open. */
export async function openNodeBlock(
  cases: readonly Case[],
  { tracers, afterEach }: { tracers?: readonly Tracer[]; afterEach?: AfterEach } = {},
) {
  const chain = await MemoryChain.create(genesisOf(cases))
  const opening = { kind: 'changeL2Block', deltaTimestamp: BLOCK_TIMESTAMP, timestampLimit: BLOCK_TIMESTAMP } as const
  const builder = await chain.open({ opening })
  for (const [index, transaction] of signCases(cases).entries()) {
    const tracer = tracers?.[index]
    const result = await builder.execute(transaction, addressOfKey(SENDER_KEY), 255, { tracer })
    if (result.kind !== 'included') throw new Error(`${cases[index]!.name}: ${JSON.stringify(result)}`)
    await afterEach?.(result.receipt, index, chain.world)
  }
  return { chain, builder }
}

/** Runs all cases in one L2 block of fork 9. */
export async function runOnNode(cases: readonly Case[]): Promise<Run> {
  const { chain, builder } = await openNodeBlock(cases)
  const { receipts, stateDiff } = await chain.close(builder)
  const state = new Map<string, AccountEffect>()
  const find = (owner: string) => {
    const known = state.get(owner) ?? { nonce: 0, balance: '0x0', code: '0x', storage: {} }
    state.set(owner, known)
    return known
  }
  for (const { address: owner, balance, nonce, code = '0x', storage = {} } of genesisOf(cases))
    Object.assign(find(owner), {
      balance: toHex(balance),
      nonce: Number(nonce),
      code,
      storage: Object.fromEntries(Object.entries(storage).filter(([, value]) => value !== '0x0')),
    })
  for (const [owner, { balance, nonce, codeHash, codeSize }] of stateDiff.accounts)
    Object.assign(find(owner), {
      balance: toHex(balance),
      nonce: Number(nonce),
      code: codeSize === 0 ? '0x' : bytesToHex(chain.codes.get(codeHash)!),
    })
  for (const { address: owner, slot, value } of stateDiff.storage) {
    const { storage } = find(owner)
    if (value === 0n) delete storage[toHex(slot)]
    else storage[toHex(slot)] = toHex(value)
  }
  state.delete(SYSTEM_CONTRACT)
  state.delete(L2_GLOBAL_EXIT_ROOT_MANAGER)
  return {
    transactions: receipts.map(({ status, gasUsed, returnData, logs, contractAddress }) => ({
      status,
      gasUsed,
      returnData: bytesToHex(returnData),
      logs: logs.map((log) => ({ address: log.address, topics: log.topics, data: bytesToHex(log.data) })),
      contractAddress,
    })),
    state: sortedState(state),
  }
}

/** Accounts in order of their addresses, the empty ones left out: only one of the chains may list them. */
export function sortedState(state: ReadonlyMap<string, AccountEffect>): Record<string, AccountEffect> {
  const isEmpty = ({ nonce, balance, code, storage }: AccountEffect) =>
    nonce === 0 && balance === '0x0' && code === '0x' && Object.keys(storage).length === 0
  return Object.fromEntries([...state].filter(([, account]) => !isEmpty(account)).sort(([a], [b]) => (a < b ? -1 : 1)))
}
