import { expect, test } from 'vitest'
import { bytesToHex } from '#common/bytes.ts'
import { Address, InvalidValueError } from '#protocol/primitives.ts'
import * as keys from './keys.ts'
import { linearPoseidon } from './linearPoseidon.ts'

const account = Address('0x617b3a3528F9cDd6630fd3301B9c8911F7Bf063D')

// Sources of the values: zkevm-commonjs and cdk-erigon, run.
test.each([
  ['balance', keys.balanceKey(account), '0x649e63bfe1247ba44c2f3e938869b82dd24df1950f2d8f15cddc57c0d0fdd4ed'],
  ['nonce', keys.nonceKey(account), '0xda69a3c4a8007a5a2879c9cc37ea44a26a4178e8c2545d53885eeae74812f9e5'],
  ['code hash', keys.codeHashKey(account), '0x5a6e842cb68d83c4ffb70ccd72f577d6ed527cf3dd93fd73b5caf18055c4c4d7'],
  ['code length', keys.codeLengthKey(account), '0x94dd7ee5f8d79f7b4cd7e8ce986ada1daeb3ca9407d4f6edd9a115757ed1da9e'],
  ['slot 0', keys.storageKey(account, 0n), '0x2533cc664a0e78a4aaea1a564954395f76fe9d6b8d16c4a99cb0c57989f26116'],
  [
    'the last slot',
    keys.storageKey(account, 2n ** 256n - 1n),
    '0x72587073da246b645df0d58aa27f98917d556135d468a77d53c08ca6c5d2b3f3',
  ],
  ['header parameter 0', keys.blockHeaderKey(0), '0xe610db456c9b15f16aabde5ad92c1221d7008e39ec2ccd75f36aeedc454c978d'],
  ['transaction 0', keys.transactionHashKey(0), '0xeb174d48616205ef6b5bb07bb775fa431a4e4ba3610a17fcb495c96722432b17'],
  [
    'log 0 of transaction 2',
    keys.transactionLogKey(2, 0),
    '0x58bc9b329ddabdfe412feec82a3aa0fa1166f35b475ac90de6204bf51eaba3a1',
  ],
])('key of %s', (_, key, expected) => {
  expect(bytesToHex(key)).toBe(expected)
})

test('keys of an account and of slots that read alike are different', () => {
  const all = [
    ...[keys.balanceKey, keys.nonceKey, keys.codeHashKey, keys.codeLengthKey].map((key) => key(account)),
    ...[0n, 1n, 2n, 4n, 36n].map((slot) => keys.storageKey(account, slot)),
  ].map(bytesToHex)
  expect(new Set(all).size).toBe(all.length)
  expect(bytesToHex(keys.balanceKey(account))).toBe(all[0]) // from the cache
})

test.each([-1n, 2n ** 256n])('there is no slot %d', (slot) => {
  expect(() => keys.storageKey(account, slot)).toThrow(InvalidValueError)
})

test.each([
  [0, '0x3baed9289a384f6c1c05d92b56c801c2d2e2a7050d6c16538b814fa186835c79'],
  [54, '0x03b37dca4a53ddbbddd8d128a145b75ee64914503f2b4180be4d01eec9dbfe77'],
  [55, '0x2cca4740850a7346f61c4176bc34eb823e0f5e771019fa4958dcf722055c7059'],
  [56, '0x1cfdba8ef76e98959f5d8d642eba33201e8a4410db6e4e394a16105be607a2ef'],
  [57, '0x490ce3d0a85c16a0c8b9cfc2fc64f2976ef6ed2e16c68496d57bcd15315f5809'],
  [112, '0xc751855afa9a36140543494c497c77e5103354b5b0bc2d7bb52add579d921851'],
])('linear Poseidon of %d bytes 0xab', (size, expected) => {
  expect(linearPoseidon(new Uint8Array(size).fill(0xab))).toBe(expected)
})
