import { AbiCoder, concat, getBytes } from 'ethers'
import { expect, test } from 'vitest'
import { decodeRevertReason } from '#protocol/revertReason.ts'
import { executionReverted } from './revert.ts'

const coder = AbiCoder.defaultAbiCoder()
const error = (text: string) => getBytes(concat(['0x08c379a0', coder.encode(['string'], [text])]))

test('Error(string) and Panic(uint256) are decoded', () => {
  expect(decodeRevertReason(error('not enough'))).toBe('not enough')
  expect(decodeRevertReason(getBytes(concat(['0x4e487b71', coder.encode(['uint256'], [0x11])])))).toBe(
    'arithmetic underflow or overflow',
  )
})

test.each([
  ['nothing', new Uint8Array()],
  ['a custom error', getBytes(`0x12345678${'00'.repeat(32)}`)],
  ['a length past the end', error('x').with(4 + 63, 0xff)],
  ['a cut off text', error('x').subarray(0, 60)],
])('%s has no reason, and its data is kept', (_, data) => {
  expect(decodeRevertReason(data)).toBeUndefined()
  expect(executionReverted(data)).toMatchObject({ code: 3, shortMessage: 'execution reverted' })
})
