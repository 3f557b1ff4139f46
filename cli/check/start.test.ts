import { expect, test } from 'vitest'
import type { L1Rpc } from '#etherman/rpc.ts'
import { addressOf } from '#test/blocks.ts'
import { checkFirstEvents } from './start.ts'

const network = {
  ...{ l1StartBlock: 100, rollupId: 3 },
  contracts: { rollupManager: addressOf(1), globalExitRoot: addressOf(2) },
}
const word = (value: number) => `0x${value.toString(16).padStart(64, '0')}`
/** An L1 that answers so; what it is not told it refuses. */
const l1 = (answers: { eth_getLogs?: unknown; eth_call?: unknown }) => {
  const asked: unknown[] = []
  const call = async (method: string, params: readonly unknown[]) => {
    asked.push([method, params])
    const answer = answers[method as keyof typeof answers]
    if (answer === undefined) throw new Error('missing trie node')
    return answer
  }
  return { asked, rpc: { call } as unknown as L1Rpc }
}

test('a rollup that was created before the start is found by its event', async () => {
  const { rpc, asked } = l1({ eth_getLogs: [{ blockNumber: '0x5d' }] })
  expect(await checkFirstEvents(rpc, network)).toMatchObject([
    { status: 'fault', option: 'network.l1StartBlock', found: expect.stringContaining('rollup 3') },
  ])
  const topics = [
    '0x194c983456df6701c6a50830b90fe80e72b823411d0d524970c9590dc277a641',
    '0xadfc7d56f7e39b08b321534f14bfb135ad27698f7d2f5ad0edc2356ea9a3f850',
  ]
  const range = { fromBlock: '0x0', toBlock: '0x63', address: addressOf(1) }
  expect(asked).toEqual([['eth_getLogs', [{ ...range, topics: [topics, word(3)] }]]])
})

test('leaves of the L1 info tree before the start are found, though the rollup came later or its logs are refused', async () => {
  const remedy =
    'Set it to the L1 block that created network.contracts.globalExitRoot, and let the node begin with an empty database.'
  for (const logs of [{ eth_getLogs: [] }, {}]) {
    const found = 'is 100, but the L1 info tree has 7 leaves of blocks before it'
    expect(await checkFirstEvents(l1({ ...logs, eth_call: word(7) }).rpc, network)).toEqual([
      { status: 'fault', option: 'network.l1StartBlock', found, remedy },
    ])
  }
})

test.each([
  ['has nothing before it', { eth_getLogs: [], eth_call: word(0) }],
  ['had no contract then', { eth_getLogs: [], eth_call: '0x' }],
  ['keeps neither old logs nor old state', {}],
])('nothing is found where L1 %s', async (_, answers) => {
  expect(await checkFirstEvents(l1(answers).rpc, network)).toEqual([])
})

test('a start at the first block is before everything', async () => {
  const { rpc, asked } = l1({})
  expect(await checkFirstEvents(rpc, { ...network, l1StartBlock: 0 })).toEqual([])
  expect(asked).toEqual([])
})
