import { expect, test } from 'vitest'
import { runOnAnvil } from './anvilRun.ts'
import { callCases, callCornerCases } from './callCases.ts'
import { contractCases } from './contractCases.ts'
import { createCases, deployCases } from './createCases.ts'
import { runOnNode } from './nodeRun.ts'
import { arithmeticCases, environmentCases, memoryCases, place, stackCases } from './opcodeCases.ts'
import { precompileCases } from './precompileCases.ts'
import { randomCases } from './randomCases.ts'
import type { Case } from './scenario.ts'
import { accountCases, logCases, storageCases } from './stateCases.ts'

/** anvil replays a block up to each transaction it is asked about: short blocks keep that short. */
const CASES_A_BLOCK = 50

/** Each transaction by the name of its case, then every account of the state. */
async function expectEqual(cases: readonly Case[]): Promise<void> {
  for (let start = 0; start < cases.length; start += CASES_A_BLOCK) {
    const block = cases.slice(start, start + CASES_A_BLOCK)
    const [node, anvil] = await Promise.all([runOnNode(block), runOnAnvil(block)])
    const named = ({ transactions }: typeof node) => block.map(({ name }, index) => ({ name, ...transactions[index] }))
    expect(named(node)).toEqual(named(anvil))
    expect(node.state).toEqual(anvil.state)
  }
}

test.each([
  ['arithmetic', arithmeticCases],
  ['environment', environmentCases],
  ['memory', memoryCases],
  ['stack and jumps', stackCases],
  ['storage', storageCases],
  ['other accounts', accountCases],
  ['logs', logCases],
  ['calls', callCases],
  ['corners of calls', callCornerCases],
  ['creation', createCases],
])(
  '%s as Ethereum at Berlin',
  async (_, drafts) => {
    await expectEqual(place(drafts()))
  },
  20_000,
)

test.each([
  ['deployments', deployCases],
  ['precompiles', precompileCases],
  ['compiled contracts', contractCases],
])(
  '%s as Ethereum at Berlin',
  async (_, cases) => {
    await expectEqual(cases())
  },
  60_000,
)

test('random programs as Ethereum at Berlin', async () => {
  await expectEqual(place(randomCases(300, 20_210_415)))
}, 30_000)
