import { AbiCoder } from 'ethers'
import { expect, test } from 'vitest'
import type { Hex } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import type { Log } from './shapes.ts'
import { TransactionView } from './transactionPage.tsx'

type Shown = Parameters<typeof TransactionView>[0]

const transaction = {
  ...{ hash: hashOf(1), from: addressOf(1), to: addressOf(2), input: '0x' },
  ...{ value: '0x0', nonce: '0x0', gas: '0x5208', gasPrice: '0x1' },
}
const receipt = {
  ...{ transactionHash: hashOf(1), blockNumber: '0x1', transactionIndex: '0x0', contractAddress: null },
  ...{ status: '0x0', gasUsed: '0x5208', effectiveGasPrice: '0x1', logs: [] },
}
const elsewhere = { workflowUrl: () => undefined, l1TxUrl: () => undefined }

const render = (changed: object) =>
  String(
    TransactionView({
      ...{ transaction, receipt, batchNumber: null, status: null, timestamp: undefined, percentage: undefined },
      ...{ error: undefined, elsewhere, networkName: 'test', ...changed },
    } as unknown as Shown),
  )

const revertedWith = (text: string): Hex =>
  `0x08c379a0${AbiCoder.defaultAbiCoder().encode(['string'], [text]).slice(2)}`
const reasonIn = (html: string) => /<p class="failure">(.*?)<\/p>/s.exec(html)?.[1]

test('what a contract says when it reverts is text, by itself, and cut when it is long', () => {
  expect(reasonIn(render({ error: revertedWith('<img src=x onerror=alert(1)>\u202e"') }))).toBe(
    'Reverted: <bdi>&lt;img src=x onerror=alert(1)&gt;\u202e&quot;</bdi>',
  )
  expect(reasonIn(render({ error: revertedWith('a'.repeat(5000)) }))).toBe(`Reverted: <bdi>${'a'.repeat(1024)}</bdi>…`)
  expect(reasonIn(render({ error: `0x${'ab'.repeat(5000)}` }))).toBe(`Reverted: <bdi>0x${'ab'.repeat(511)}</bdi>…`)
  expect(reasonIn(render({ error: '0x' }))).toBeUndefined()
})

test('of very many logs the first are shown, and it is said how many there are', () => {
  const logs = (count: number): Log[] =>
    Array.from({ length: count }, (_, index) => ({
      ...{ address: addressOf(3), topics: [hashOf(4)], data: '0x', logIndex: `0x${index.toString(16)}` },
    }))
  const page = render({ receipt: { ...receipt, logs: logs(101) } })
  expect(page).toContain('<h2>Logs (101)</h2>')
  expect(page.match(/<div class="log">/g)).toHaveLength(100)
  expect(page).toContain('The first 100; eth_getTransactionReceipt gives all.')
  const shorter = render({ receipt: { ...receipt, logs: logs(100) } })
  expect(shorter.match(/<div class="log">/g)).toHaveLength(100)
  expect(shorter).not.toContain('The first 100')
})
