import { describe, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { address, code } from '#executor/testing/memoryState.ts'
import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import { keccak256 } from '#protocol/keccak.ts'
import { contractAddress } from '#protocol/transaction.ts'
import { runOnAnvil } from './anvilRun.ts'
import { call, REPORT } from './callCases.ts'
import { runOnNode } from './nodeRun.ts'
import { type Draft, hex, place, RETURN_WORD, word } from './opcodeCases.ts'
import { type Case, caseAddress, type TransactionEffect } from './scenario.ts'

type Outcome = Partial<TransactionEffect>

const ALL_GAS = { status: 0, gasUsed: 1_000_000, returnData: '0x' } as const
const returns = (value: bigint): Outcome => ({ status: 1, returnData: `0x${word(value)}` })
const toWord = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
const STOP = Uint8Array.of(0)
const REVERTING_INIT_CODE = hexToBytes('0x60006000fd')

async function runOnBoth(cases: readonly Case[]) {
  const [node, ethereum] = await Promise.all([runOnNode(cases), runOnAnvil(cases)])
  return { node, ethereum }
}

/** Rows of docs/evm-differences.md that one transaction shows: what Ethereum at Berlin does, and what this node does. */
const DIFFERENCES: readonly { draft: Draft; ethereum: Outcome; node: Outcome }[] = [
  {
    draft: { name: 'PUSH0', program: () => [0x5f, ...RETURN_WORD] },
    ethereum: ALL_GAS,
    node: returns(0n),
  },
  {
    draft: { name: 'JUMP to 0x5B inside the data of a PUSH', program: () => ['04', 0x56, '5b', '2a', ...RETURN_WORD] },
    ethereum: ALL_GAS,
    node: returns(42n),
  },
  {
    draft: {
      name: 'EXTCODEHASH of code',
      others: (at) => ({ [at + 1]: { code: STOP } }),
      program: (at) => [hex(at + 1), 0x3f, ...RETURN_WORD],
    },
    ethereum: returns(toWord(keccak256(STOP))),
    node: returns(BigInt(linearPoseidon(STOP))),
  },
  {
    draft: {
      name: 'EXTCODEHASH of an account without code',
      others: (at) => ({ [at + 1]: { balance: 1n } }),
      program: (at) => [hex(at + 1), 0x3f, ...RETURN_WORD],
    },
    ethereum: returns(toWord(keccak256(new Uint8Array()))),
    node: returns(0n),
  },
  {
    draft: { name: 'BLOCKHASH', program: () => ['00', 0x40, ...RETURN_WORD] },
    ethereum: { status: 1 },
    node: { status: 1 },
  },
  {
    draft: {
      name: 'an address whose creation failed, asked for its balance',
      data: REVERTING_INIT_CODE,
      program: (at) => {
        const created = contractAddress(address(at), 0n).slice(2)
        return [
          0x36,
          '00',
          '00',
          0x37,
          0x36,
          '00',
          '00',
          0xf0,
          0x5a,
          created,
          0x31,
          0x5a,
          0x90,
          0x50,
          0x90,
          0x03,
          ...RETURN_WORD,
        ]
      },
    },
    // BALANCE warm or cold, with the PUSH before it and the GAS after it.
    ethereum: returns(105n),
    node: returns(2605n),
  },
  ...[3, 5, 9].map((precompile) => ({
    draft: {
      name: `precompile ${precompile}`,
      account: { balance: 1n },
      program: () => [...call('CALL', { to: hex(precompile), gas: 0xffff, value: 1 }), ...REPORT],
    },
    ethereum: { status: 1 },
    node: { status: 1 },
  })),
]

describe('differs from Ethereum at Berlin', () => {
  test('in what a transaction does', async () => {
    const run = await runOnBoth(place(DIFFERENCES.map(({ draft }) => draft)))
    DIFFERENCES.forEach(({ draft: { name }, ethereum, node }, index) => {
      expect(run.ethereum.transactions[index], `${name}, Ethereum`).toMatchObject(ethereum)
      expect(run.node.transactions[index], `${name}, node`).toMatchObject(node)
      expect(run.node.transactions[index], name).not.toEqual(run.ethereum.transactions[index])
    })
  })

  test('SELFDESTRUCT moves the balance and keeps the account', async () => {
    const draft: Draft = { name: 'SELFDESTRUCT', account: { balance: 9n, nonce: 1n }, program: () => ['1234', 0xff] }
    const { node, ethereum } = await runOnBoth(place([draft]))
    expect(ethereum.state[address(caseAddress(0))]).toBeUndefined()
    expect(node.state[address(caseAddress(0))]).toEqual({ nonce: 1, balance: '0x0', code: '0x611234ff', storage: {} })
    for (const { state } of [node, ethereum]) expect(state[address(0x1234)]).toMatchObject({ balance: '0x9' })
  })

  test('a precompile it has not gives back all gas', async () => {
    const cases = [3, 5, 9].map((to) => ({ name: `precompile ${to}`, accounts: {}, to }))
    const { transactions } = await runOnNode(cases)
    for (const transaction of transactions) expect(transaction).toMatchObject({ status: 0, gasUsed: 21_000 })
  })

  test('code that begins with 0xEF is refused', async () => {
    const data = code('ef', '00', 0x53, '01', '00', 0xf3)
    const { node, ethereum } = await runOnBoth([{ name: '0xEF', accounts: {}, to: undefined, data }])
    expect(ethereum.transactions[0]).toMatchObject({ status: 1, returnData: '0xef' })
    expect(node.transactions[0]).toMatchObject(ALL_GAS)
  })
})
