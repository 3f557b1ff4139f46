import type { Contract } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type L1Fixture,
  latestTimestamp,
  passTime,
  regularBatch,
  rollupData,
  send,
  startL1,
  WEEK_SECONDS,
} from '#contracts/fixture.ts'
import { Address, Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { createEtherman } from './client.ts'
import { L1DataError, L1RpcError } from './errors.ts'
import { readLog } from './events.ts'
import { createForwarder, startLackingEndpoint } from './forwarder.fixture.ts'
import { scanForCalls, traceInnerCalls } from './innerCalls.ts'
import { sequencingInterfaces } from './interfaces.ts'
import type { L1Rpc } from './rpc.ts'
import type { Etherman, L1Event } from './types.ts'

const MARKER = '0x0b0000000500000000'
const MAX = 2n ** 256n - 1n

let l1: L1Fixture
let forwarder: Contract
let noTraces: { url: string; stop: () => void }
/** One over an endpoint that traces, one over an endpoint that does not. */
const readers: Record<'traces' | 'scan', (Etherman & { close(): void }) | undefined> = {
  traces: undefined,
  scan: undefined,
}

/** The forwarder is the trusted sequencer, as a multisignature wallet may be. */
beforeAll(async () => {
  l1 = await startL1({ verifier: 'mock' })
  forwarder = await createForwarder(l1.sequencer)
  noTraces = await startLackingEndpoint(l1.url, /^(debug|trace)_/)
  const { deployment } = l1
  const options = { contracts: deployment, rollupId: deployment.rollupId, requestTimeoutMs: 5000 }
  readers.traces = createEtherman({ ...options, rpcUrl: l1.url })
  readers.scan = createEtherman({ ...options, rpcUrl: noTraces.url })
  await send(l1.rollup, 'setTrustedSequencer', [forwarder.target], { from: l1.admin })
  await send(l1.pol, 'transfer', [forwarder.target, 10n ** 21n], { from: l1.sequencer })
  await forward('all', [[deployment.pol, l1.pol.interface.encodeFunctionData('approve', [deployment.rollup, MAX])]])
}, 60_000)

afterAll(async () => {
  for (const reader of Object.values(readers)) reader?.close()
  noTraces.stop()
  await l1.stop()
})

const forward = (method: 'all' | 'some', calls: readonly (readonly [string, string])[]) =>
  send(forwarder, method, [calls])

/** Calldata of sequences of so many batches each, one after the other, beginning after the last batch. */
async function sequencesOf(counts: readonly number[], after?: number): Promise<[string, string][]> {
  const limit = await latestTimestamp(l1)
  let last = after ?? Number((await rollupData(l1)).lastBatchSequenced)
  return counts.map((count) => {
    const batches = Array.from({ length: count }, (_, index) => regularBatch(MARKER + '00'.repeat(last + index)))
    const args = [batches, limit, last, l1.sequencer.address]
    last += count
    return [l1.deployment.rollup, sequencingInterfaces.elderberry.encodeFunctionData('sequenceBatches', args)]
  })
}

async function eventsOf(blockNumber: number, reader: 'traces' | 'scan'): Promise<L1Event[]> {
  const blocks = await readers[reader]!.readEvents({ fromBlock: blockNumber, toBlock: blockNumber })
  return blocks.flatMap(({ events }) => events)
}

const shape = (event: L1Event) =>
  event.kind === 'sequence'
    ? [event.toBatch, ...event.batches.map(({ batchL2Data }) => batchL2Data.length)]
    : event.kind

test.each(['traces', 'scan'] as const)('finds sequences in a multicall by %s, each for its event', async (reader) => {
  const last = Number((await rollupData(l1)).lastBatchSequenced)
  const { blockNumber } = await forward('all', await sequencesOf([2, 1]))
  const events = await eventsOf(blockNumber, reader)
  expect(events.map(shape)).toEqual([
    [last + 2, 9 + last, 10 + last],
    [last + 3, 11 + last],
  ])
  expect(events[0]).toMatchObject({
    sequencer: l1.sequencer.address.toLowerCase(),
    coinbase: l1.sequencer.address.toLowerCase(),
  })
})

test.each(['traces', 'scan'] as const)(
  'a call that was reverted within the transaction is none, by %s',
  async (reader) => {
    const last = Number((await rollupData(l1)).lastBatchSequenced)
    const calls = [...(await sequencesOf([4], last + 7)), ...(await sequencesOf([1]))]
    const { blockNumber } = await forward('some', calls)
    expect((await eventsOf(blockNumber, reader)).map(shape)).toEqual([[last + 1, 9 + last]])
  },
)

test.each(['traces', 'scan'] as const)(
  'forced batches have the contract that called as coinbase, by %s',
  async (reader) => {
    const anyone = `0x${'00'.repeat(20)}`
    if (reader === 'traces') await send(l1.rollup, 'setForceBatchAddress', [anyone], { from: l1.admin })
    const fee = await l1.manager.getFunction('getForcedBatchFee')()
    const { blockNumber: forcedIn } = await send(l1.rollup, 'forceBatch', ['0xabcd', fee], { from: l1.sequencer })
    const [forcedEvent] = await eventsOf(forcedIn, reader)
    const block = (await readers.traces!.getBlock(forcedIn))!
    await passTime(l1, WEEK_SECONDS)
    const root = forcedEvent?.kind === 'forceBatch' ? forcedEvent.lastGlobalExitRoot : ZERO_HASH
    const batch = {
      transactions: '0xabcd',
      forcedGlobalExitRoot: root,
      forcedTimestamp: block.timestamp,
      forcedBlockHashL1: block.parentHash,
    }
    const data = l1.rollup.interface.encodeFunctionData('sequenceForceBatches', [[batch]])
    const { blockNumber } = await forward('all', [[l1.deployment.rollup, data]])
    expect(await eventsOf(blockNumber, reader)).toEqual([
      expect.objectContaining({ kind: 'sequenceForceBatches', coinbase: String(forwarder.target).toLowerCase() }),
    ])
  },
)

const rollup = Address(`0x${'22'.repeat(20)}`)
const [caller, other] = [`0x${'33'.repeat(20)}`, `0x${'44'.repeat(20)}`]

test('reads the traces of endpoints that have trace_transaction only', async () => {
  const call = (traceAddress: number[], to: string, input: string, error?: string) => {
    const action = { callType: 'call', from: caller, to, input }
    return { type: 'call', action, traceAddress, ...(error !== undefined && { error }) }
  }
  const traces = [
    call([], other, '0x00'),
    call([0], other, '0x01', 'Reverted'),
    call([0, 0], rollup, '0x02'),
    call([1], rollup, '0x03'),
    { ...call([1, 0], rollup, '0x03'), action: { callType: 'delegatecall', from: rollup, to: rollup, input: '0x03' } },
    call([2], rollup, '0x04'),
  ]
  const rpc: L1Rpc = {
    async call<Result>(method: string) {
      if (method === 'trace_transaction') return traces as Result
      throw new L1RpcError(method, { code: -32601, message: 'no such method' })
    },
    close() {},
  }
  expect(await traceInnerCalls(rpc, Hash(ZERO_HASH), rollup)).toEqual([
    { sender: caller, input: '0x03' },
    { sender: caller, input: '0x04' },
  ])
})

test('a scan takes as much as the length before the selector says, else all that follows', () => {
  const word = (value: number) => value.toString(16).padStart(64, '0')
  const input = `0x11111111${word(6)}aabbccdd0102${'00'.repeat(26)}99` as Hex
  expect(scanForCalls(input, ['0xaabbccdd'])).toEqual(['0xaabbccdd0102'])
  expect(scanForCalls('0xaabbccdd0102', ['0xaabbccdd'])).toEqual(['0xaabbccdd0102'])
  expect(scanForCalls('0x0aabbccdd1', ['0xaabbccdd'])).toEqual([])
})

test('a sequence whose call is nowhere stops the reader', async () => {
  const { hash } = await forward('all', await sequencesOf([1]))
  const receipt = (await l1.provider.getTransactionReceipt(hash))!
  const log = receipt.logs.at(-1)! // SequenceBatches
  const context = {
    ...{ contracts: l1.deployment, rollupId: 1, readForkId: async () => 9 },
    block: (await readers.traces!.getBlock(receipt.blockNumber))!,
    getTransaction: async () => ({ hash, from: caller, to: other, input: '0x1234' as Hex }),
  }
  const rpcLog = { ...log.toJSON(), topics: [...log.topics] }
  await expect(readLog(rpcLog, context)).rejects.toThrow(L1DataError)
})
