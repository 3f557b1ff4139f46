import { afterAll, beforeAll, expect, test } from 'vitest'
import { Address } from '#protocol/primitives.ts'
import { WORKED_SENDER } from '#protocol/workedBatch.fixture.ts'
import { addressOf } from '#test/blocks.ts'
import { type ChainApi, startChainApi } from './testChain.ts'
import { call } from './testServer.ts'

const CONTRACT = Address('0x73b647cba2fe75ba05b8e12ef8f8d6327d6367bf')
const SENDER = Address(WORKED_SENDER)
let api: ChainApi
beforeAll(async () => {
  api = await startChainApi()
})
afterAll(() => api?.close())

const ask = async <T>(method: string, ...params: unknown[]): Promise<T> =>
  (await call(api.url, method, ...params)).result as T
const receipts = () => api.chain.batches.flatMap(({ blocks }) => blocks.flatMap((block) => block.receipts))
const quantity = (value: number | bigint) => `0x${value.toString(16)}`
type Page = { txs: { hash: string; blockNumber: string }[]; receipts: unknown[]; firstPage: boolean; lastPage: boolean }
const hashesOf = ({ txs }: Page) => txs.map(({ hash }) => hash)

test('blocks come with their fees and without what explorers do not show', async () => {
  const block = api.chain.batches[1].blocks[0]!
  const fees = block.receipts.reduce((sum, receipt) => sum + BigInt(receipt.gasUsed) * receipt.effectiveGasPrice, 0n)
  const details = await ask<{ block: Record<string, unknown> }>('ots_getBlockDetails', block.number)
  expect(details).toMatchObject({
    block: { number: quantity(block.number), transactionCount: 2, logsBloom: null },
    issuance: { blockReward: '0x0', uncleReward: '0x0', issuance: '0x0' },
    totalFees: quantity(fees),
  })
  expect(details.block).not.toHaveProperty('transactions')
  expect(await ask('ots_getBlockDetailsByHash', details.block['hash'])).toEqual(details)
  expect(await ask('ots_getBlockDetails', 99)).toBeNull()
  const [first, second] = block.receipts
  expect(await ask('ots_getBlockTransactions', block.number, 0, 1)).toMatchObject({
    fullblock: { transactionCount: 2, transactions: [{ hash: second!.txHash, input: '0x' }] },
    receipts: [{ transactionHash: second!.txHash, logs: null, logsBloom: null }],
  })
  expect(await ask('ots_getBlockTransactions', block.number, 1, 1)).toMatchObject({
    fullblock: { transactions: [{ hash: first!.txHash }] },
  })
})

test('transactions of an address are found by page, both ways, whole blocks at a time', async () => {
  const all = receipts().map(({ txHash }) => txHash)
  const newestFirst = [...all].reverse()
  const whole = await ask<Page>('ots_searchTransactionsBefore', SENDER, 0, 100)
  expect(hashesOf(whole)).toEqual(newestFirst)
  expect(whole).toMatchObject({ firstPage: true, lastPage: true })
  const last = api.chain.batches[1].blocks[0]!
  const newest = await ask<Page>('ots_searchTransactionsBefore', SENDER, 0, 1)
  expect(hashesOf(newest)).toEqual(newestFirst.slice(0, last.receipts.length))
  expect(newest).toMatchObject({ firstPage: true, lastPage: false })
  const older = await ask<Page>('ots_searchTransactionsBefore', SENDER, last.number, 100)
  expect(hashesOf(older)).toEqual(newestFirst.slice(last.receipts.length))
  expect(older).toMatchObject({ firstPage: false, lastPage: true })
  const after = await ask<Page>('ots_searchTransactionsAfter', SENDER, last.number - 1, 100)
  expect(hashesOf(after)).toEqual(hashesOf(newest))
  expect(after).toMatchObject({ firstPage: true, lastPage: false })
  expect(hashesOf(await ask<Page>('ots_searchTransactionsBefore', addressOf(0xabc), 0, 10))).toEqual([all.at(-1)])
})

test('contracts, their creators, and transactions by nonce', async () => {
  const deployment = receipts().find(({ contractAddress }) => contractAddress === CONTRACT)!
  expect(await ask('ots_getContractCreator', CONTRACT)).toEqual({ hash: deployment.txHash, creator: SENDER })
  expect(await ask('ots_getContractCreator', SENDER)).toBeNull()
  expect(await ask('ots_hasCode', CONTRACT, 'latest')).toBe(true)
  expect(await ask('ots_hasCode', CONTRACT, '0x0')).toBe(false)
  expect(await ask('ots_hasCode', SENDER)).toBe(false)
  const nonce = Number(deployment.transaction.nonce)
  expect(await ask('ots_getTransactionBySenderAndNonce', SENDER, nonce)).toBe(deployment.txHash)
  expect(await ask('ots_getTransactionBySenderAndNonce', SENDER, 99)).toBeNull()
  expect(await ask('ots_getApiLevel')).toBe(8)
})
