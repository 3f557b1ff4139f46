import { describe, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { Address, Hash } from '#protocol/primitives.ts'
import { loadVectors } from '../test/vectors/load.ts'
import { blockInfoRoot, gasUsedLeaf, headerLeaves, receiptLeaves } from './blockInfoTree.ts'

type LogVector = { topics: string[]; data: string }
type TxVector = {
  l2TxHash: string
  status: 0 | 1
  logs: LogVector[]
  gasUsed: number
  cumulativeGasUsed: number
  effectivePercentage: string | number
}
type Vector = TxVector & {
  id: string
  type: 'block' | 'header' | 'tx' | 'param'
  blockInfoRoot: string
  oldBlockHash: string
  coinbase: string
  blockNumber: number
  gasLimit: string
  timestamp: number
  globalExitRoot: string
  l1BlockHash: string
  txs: TxVector[]
  txIndex: number
  logIndex: number
  paramIndex: number
  value: string
}

const file = loadVectors<Vector>('block-info')
const vectors = file?.vectors ?? []
const ofType = (type: Vector['type']) => vectors.filter((vector) => vector.type === type)

const header = (vector: Vector) =>
  headerLeaves({
    parentHash: Hash(vector.oldBlockHash),
    coinbase: Address(vector.coinbase),
    number: vector.blockNumber,
    gasLimit: BigInt(vector.gasLimit),
    timestamp: Number(vector.timestamp),
    globalExitRoot: Hash(vector.globalExitRoot),
    l1BlockHash: Hash(vector.l1BlockHash),
  })

const withPrefix = (hex: string): string => (hex.startsWith('0x') ? hex : `0x${hex}`)

/** @returns the leaves, and the index of the next log */
function receipt(tx: TxVector, txIndex: number, cumulativeGasUsed: number, firstLog: number) {
  const logs = tx.logs.map(({ topics, data }, index) => ({
    logIndex: firstLog + index,
    topics: topics.map((topic) => Hash(withPrefix(topic))),
    data: hexToBytes(withPrefix(data)),
  }))
  const effectivePercentage = Number(tx.effectivePercentage)
  const { l2TxHash, status } = tx
  return receiptLeaves({ l2TxHash: Hash(l2TxHash), status, cumulativeGasUsed, effectivePercentage, logs }, txIndex)
}

describe.skipIf(file === undefined)('block-info', () => {
  test.each(ofType('header'))('block-info $id: the header', async (vector) => {
    expect(await blockInfoRoot(header(vector))).toBe(vector.blockInfoRoot)
  })

  test.each(ofType('param'))('block-info $id: one parameter', async ({ paramIndex, value, blockInfoRoot: root }) => {
    const keys = header({ ...emptyHeader, type: 'header' } as Vector)
    const leaf = { ...(keys[paramIndex] ?? gasUsedLeaf(0)), value: BigInt(value) }
    expect(await blockInfoRoot([leaf])).toBe(root)
  })

  test.each(ofType('tx'))('block-info $id: one transaction', async (vector) => {
    const leaves = receipt(vector, vector.txIndex, vector.cumulativeGasUsed, vector.logIndex)
    expect(await blockInfoRoot(leaves)).toBe(vector.blockInfoRoot)
  })

  test.each(ofType('block'))('block-info $id: a whole block', async (vector) => {
    const leaves = header(vector)
    let [gasUsed, logs] = [0, 0]
    for (const [txIndex, tx] of vector.txs.entries()) {
      gasUsed += tx.gasUsed
      leaves.push(...receipt(tx, txIndex, gasUsed, logs))
      logs += tx.logs.length
    }
    expect(await blockInfoRoot([...leaves, gasUsedLeaf(gasUsed)])).toBe(vector.blockInfoRoot)
  })
})

const emptyHeader = {
  oldBlockHash: `0x${'00'.repeat(32)}`,
  coinbase: `0x${'00'.repeat(20)}`,
  blockNumber: 0,
  gasLimit: '0',
  timestamp: 0,
  globalExitRoot: `0x${'00'.repeat(32)}`,
  l1BlockHash: `0x${'00'.repeat(32)}`,
}
