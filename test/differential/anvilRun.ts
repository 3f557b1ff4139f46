import { gunzipSync } from 'node:zlib'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { addressOfKey, CHAIN_ID } from '#executor/testing/chain.ts'
import { address, COINBASE } from '#executor/testing/memoryState.ts'
import type { Hex } from '#protocol/primitives.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import { startAnvil } from '../anvil.ts'
import { initialAccounts, signCases, sortedState } from './nodeRun.ts'
import {
  type AccountEffect,
  BLOCK_TIMESTAMP,
  berlinGasUsed,
  type Case,
  GAS_PRICE,
  type Run,
  SENDER_KEY,
  type TransactionEffect,
} from './scenario.ts'

export type RpcCall = readonly [method: string, ...params: unknown[]]
type DumpedAccount = { nonce: number; balance: string; code: Hex; storage: Record<string, string> }
export type AnvilReceipt = {
  status: Hex
  gasUsed: Hex
  to: Hex | null
  contractAddress: Hex | null
  logs: { address: Hex; topics: Hex[]; data: Hex }[]
}

/** As of the fork the node runs in these tests, since programs can read it. */
const BLOCK_GAS_LIMIT = 2n ** 50n
/** Seconds; anything before the block of the run. */
const GENESIS_TIMESTAMP = 1_600_000_000
const ARGUMENTS = [
  ...['--hardfork', 'berlin', '--no-mining', '--order', 'fifo', '--disable-default-create2-deployer'],
  ...['--gas-limit', String(BLOCK_GAS_LIMIT), '--timestamp', String(GENESIS_TIMESTAMP)],
  ...['--accounts', '1', '--balance', '0', '--no-request-size-limit'],
]

/** A block of all cases on an Ethereum at Berlin. */
export type AnvilBlock = {
  hashes: readonly string[]
  receipts: readonly AnvilReceipt[]
  /** One JSON-RPC batch; results in the order of the calls. */
  send: (calls: readonly RpcCall[]) => Promise<unknown[]>
}

/** Mines all cases in one block, looks at it, and stops. @param args further ones of anvil */
export async function withAnvilBlock<T>(
  cases: readonly Case[],
  look: (block: AnvilBlock) => Promise<T>,
  args: readonly string[] = [],
): Promise<T> {
  const anvil = await startAnvil({ chainId: CHAIN_ID, args: [...ARGUMENTS, ...args] })
  try {
    const send = (calls: readonly RpcCall[]) => sendBatch(anvil.url, calls)
    await send(initialAccounts(cases).flatMap(setAccount))
    await send([
      ['anvil_setCoinbase', address(COINBASE)],
      ['evm_setNextBlockTimestamp', BLOCK_TIMESTAMP],
    ])
    const raw = signCases(cases).map((transaction) => bytesToHex(encodeRawTransaction(transaction)))
    const hashes = (await send(raw.map((bytes) => ['eth_sendRawTransaction', bytes]))) as string[]
    await send([['evm_mine']])
    const receipts = await send(hashes.map((hash) => ['eth_getTransactionReceipt', hash]))
    return await look({ hashes, receipts: receipts as AnvilReceipt[], send })
  } finally {
    await anvil.stop()
  }
}

/** Runs all cases in one block of an Ethereum at Berlin. */
export async function runOnAnvil(cases: readonly Case[]): Promise<Run> {
  return await withAnvilBlock(cases, async ({ hashes, receipts, send }) => {
    const traces = await send(hashes.map((hash) => ['debug_traceTransaction', hash, { tracer: 'callTracer' }]))
    const transactions = receipts.map((receipt, index) =>
      effectOf(receipt, traces[index] as { output?: Hex }, cases[index]!.clearedSlots ?? 0),
    )
    const [dump] = await send([['anvil_dumpState']])
    const charged = receipts.reduce((sum, { gasUsed }) => sum + Number(gasUsed), 0)
    const owed = transactions.reduce((sum, { gasUsed }) => sum + gasUsed, 0)
    return { transactions, state: correctFees(readDump(dump as Hex), charged - owed) }
  })
}

function setAccount([owner, { balance, nonce, code, storage = {} }]: ReturnType<typeof initialAccounts>[number]) {
  const word = (value: bigint) => `0x${value.toString(16).padStart(64, '0')}`
  const calls: RpcCall[] = Object.entries(storage).map(([slot, value]) => [
    'anvil_setStorageAt',
    owner,
    `0x${BigInt(slot).toString(16)}`,
    word(value),
  ])
  if (balance !== undefined) calls.push(['anvil_setBalance', owner, `0x${balance.toString(16)}`])
  if (nonce !== undefined) calls.push(['anvil_setNonce', owner, `0x${nonce.toString(16)}`])
  if (code !== undefined) calls.push(['anvil_setCode', owner, bytesToHex(code)])
  return calls
}

function effectOf(
  { status, gasUsed, to, contractAddress, logs }: AnvilReceipt,
  trace: { output?: Hex },
  clearedSlots: number,
) {
  return {
    status: Number(status),
    gasUsed: berlinGasUsed(Number(gasUsed), clearedSlots),
    returnData: trace.output ?? '0x',
    logs: logs.map(({ address, topics, data }) => ({ address, topics, data })),
    contractAddress: to === null ? (contractAddress ?? undefined) : undefined,
  } satisfies TransactionEffect
}

/** Gives the sender back what it paid for gas that Berlin would not have charged, see `berlinGasUsed`. */
function correctFees(state: Run['state'], surplusGas: number): Run['state'] {
  const fee = BigInt(surplusGas) * GAS_PRICE
  const add = (owner: string, amount: bigint) => {
    const account = state[owner]!
    account.balance = `0x${(BigInt(account.balance) + amount).toString(16)}`
  }
  add(address(COINBASE), -fee)
  add(addressOfKey(SENDER_KEY), fee)
  return state
}

function readDump(dump: Hex): Record<string, AccountEffect> {
  const { accounts } = JSON.parse(gunzipSync(hexToBytes(dump)).toString()) as {
    accounts: Record<string, DumpedAccount>
  }
  const short = (hex: string) => `0x${BigInt(hex).toString(16)}` as const
  const state = new Map<string, AccountEffect>()
  for (const [owner, { nonce, balance, code, storage }] of Object.entries(accounts)) {
    const slots = Object.entries(storage).map(([slot, value]) => [short(slot), short(value)])
    const filled = Object.fromEntries(slots.filter(([, value]) => value !== '0x0'))
    state.set(owner.toLowerCase(), { nonce: Number(nonce), balance: short(balance), code, storage: filled })
  }
  return sortedState(state)
}

async function sendBatch(url: string, calls: readonly RpcCall[]): Promise<unknown[]> {
  const body = calls.map(([method, ...params], id) => ({ jsonrpc: '2.0', id, method, params }))
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answers = (await response.json()) as { id: number; result?: unknown; error?: { message: string } }[]
  const byId = new Map(answers.map((answer) => [answer.id, answer]))
  return body.map(({ id, method }) => {
    const answer = byId.get(id)
    if (answer === undefined || answer.error !== undefined)
      throw new Error(`${method} ${id}: ${answer?.error?.message ?? 'no answer'}`)
    return answer.result
  })
}
