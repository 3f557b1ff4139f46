import { expect, test } from 'vitest'
import { buildGenesis } from '#executor/genesis.ts'
import { devAccounts, extraAccountAddress } from './accounts.ts'
import { accountsOf, type GenesisFile, genesisStateOf } from './genesis.ts'

const { address } = devAccounts()[0]!

test('extra accounts are those of the numbers from 0 on, with 1 wei each', async () => {
  const listed = { address, balance: '5', nonce: '1' }
  const extra = [0, 1, 2].map((index) => ({ address: extraAccountAddress(index), balance: 1n, nonce: 0n }))
  expect(new Set(extra.map(({ address }) => address)).size).toBe(3)
  const file: GenesisFile = { timestamp: 1, accounts: [listed], extraAccounts: 3 }
  expect(accountsOf(file)).toEqual([{ address, balance: 5n, nonce: 1n }, ...extra])
  const { root } = await buildGenesis([{ address, balance: 5n, nonce: 1n }, ...extra])
  expect((await genesisStateOf(file)).root).toBe(root)
})
