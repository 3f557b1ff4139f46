import { expect, test } from 'vitest'
import { describeRevert } from './reverts.ts'

const word = (value: number) => value.toString(16).padStart(64, '0')

test.each([
  ['0x09bde339', 'InvalidProof'],
  ['0x66385b51', 'NewAccInputHashDoesNotExist'],
  ['0x176b913c', 'NewStateRootNotInsidePrime'],
  ['0x42f31f92', 'FinalNumSequenceBelowLastVerifiedSequence'], // of managers after fork 11
  [`0xfb8f41b2${word(0x11)}${word(2)}${word(3)}`, `ERC20InsufficientAllowance(0x${word(0x11).slice(24)}, 2, 3)`],
  [`0x08c379a0${word(32)}${word(2)}${'6e6f'.padEnd(64, '0')}`, 'no'],
  [`0x4e487b71${word(0x11)}`, 'Panic(17)'],
  ['0xdeadbeef', '0xdeadbeef'], // of no contract of ours
  ['0x', 'no reason given'],
])('revert data %s is %s', (data, name) => {
  expect(describeRevert(data)).toBe(name)
})
