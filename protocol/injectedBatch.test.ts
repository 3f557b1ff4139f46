import { expect, test } from 'vitest'
import { bytesToHex } from '#common/bytes.ts'
import { decodeBatchL2Data } from './batchL2Data.ts'
import { ETROG_UPGRADE_BATCH, encodeInjectedBatch } from './injectedBatch.ts'
import { Address } from './primitives.ts'
import { recoverSender } from './transaction.ts'

const bridgeAddress = Address(`0x${'b1'.repeat(20)}`)
const gasTokenAddress = Address(`0x${'70'.repeat(20)}`)
const word = (end: string) => end.padStart(64, '0')
const decode = (bytes: Uint8Array) => decodeBatchL2Data(bytes, { forkId: 9, forced: true })

test('the first batch of a rollup that pays in ether', () => {
  const bytes = encodeInjectedBatch({ bridgeAddress, networkId: 1 })
  expect(bytes).toHaveLength(328)
  expect(bytesToHex(bytes)).toBe(
    `0xf9010380808401c9c38094${'b1'.repeat(20)}80b8e4f811bff7` +
      word('01') +
      word('') +
      word('') +
      word('a40d5f56745a118d0906a34e69aec8c0db1cb8fa') +
      word('') +
      word('c0') +
      word('') +
      `${word('05ca1ab1e0')}${word('5ca1ab1e')}1bff`,
  )
  const [item] = decode(bytes)
  expect(item).toMatchObject({ transaction: { to: bridgeAddress, gasLimit: 30_000_000n }, sizeBytes: 328 })
  expect(item?.kind === 'transaction' && recoverSender(item.transaction)).toMatch(/^0x[0-9a-f]{40}$/)
})

test.each([
  [1, 'b90104', 'f90124'],
  [32, 'b90104', 'f90124'],
  [33, 'b90124', 'f90144'],
])('the first batch of a rollup whose token has %i bytes of metadata', (sizeBytes, dataHeader, listHeader) => {
  const gasTokenMetadata = new Uint8Array(sizeBytes).fill(0xab)
  const input = { bridgeAddress, networkId: 2, gasTokenAddress, gasTokenNetwork: 3, gasTokenMetadata }
  const hex = bytesToHex(encodeInjectedBatch(input))
  expect(hex.startsWith(`0x${listHeader}80808401c9c38094${'b1'.repeat(20)}80${dataHeader}f811bff7`)).toBe(true)
  expect(hex).toContain(`${word('02')}${word('70'.repeat(20))}${word('03')}`)
  expect(hex).toContain(`${word(sizeBytes.toString(16))}${'ab'.repeat(sizeBytes)}`)
  expect(decode(encodeInjectedBatch(input))).toHaveLength(1)
})

test('the batch of the etrog upgrade', () => {
  expect(bytesToHex(ETROG_UPGRADE_BATCH)).toBe(
    '0xdf2a8080944d5cf5032b2a844602278b01199ed191a86c93ff80808210928080' +
      `${word('05ca1ab1e0')}${word('05ca1ab1e0')}1bff`,
  )
  expect(ETROG_UPGRADE_BATCH).toHaveLength(98)
  expect(decode(ETROG_UPGRADE_BATCH)).toMatchObject([{ transaction: { nonce: 42n, chainId: 0x1092n } }])
})
