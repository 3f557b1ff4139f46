import { expect, test } from 'vitest'
import { runOnAnvil } from './anvilRun.ts'
import { runOnNode } from './nodeRun.ts'
import { arithmeticCases, environmentCases, memoryCases, place, stackCases } from './opcodeCases.ts'
import type { Case } from './scenario.ts'

/** Each transaction by the name of its case, then every account of the state. */
async function expectEqual(cases: readonly Case[]): Promise<void> {
  const [node, anvil] = await Promise.all([runOnNode(cases), runOnAnvil(cases)])
  const named = ({ transactions }: typeof node) => cases.map(({ name }, index) => ({ name, ...transactions[index] }))
  expect(named(node)).toEqual(named(anvil))
  expect(node.state).toEqual(anvil.state)
}

test.each([
  ['arithmetic', arithmeticCases],
  ['environment', environmentCases],
  ['memory', memoryCases],
  ['stack and jumps', stackCases],
])(
  '%s as Ethereum at Berlin',
  async (_, drafts) => {
    await expectEqual(place(drafts()))
  },
  20_000,
)
