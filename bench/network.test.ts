import { expect, test } from 'vitest'
import { readOptions } from './network.ts'

test('by default both kinds of transfer on one network of the usual size', () => {
  expect(readOptions(['--json'])).toEqual({ transactions: 5000, kinds: ['eth', 'erc20'], sizes: [0] })
})

test('sizes, kind and count can be given', () => {
  const args = ['--accounts-in-state', '10,1000000', '--only', 'erc20', '--txs', '100']
  expect(readOptions(args)).toEqual({ transactions: 100, kinds: ['erc20'], sizes: [10, 1_000_000] })
})

test.each([[['--only', 'both']], [['--txs', '0']], [['--accounts-in-state', '10,many']], [['--unknown']]])(
  'refuses %j',
  (args) => {
    expect(() => readOptions(args)).toThrow(TypeError)
  },
)
