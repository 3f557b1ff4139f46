import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encryptKeystore } from './keystore.ts'
import { ConfigError } from './load.ts'
import { readKeyAddress, readPrivateKey } from './secrets.ts'

const KEY = `0x${'11'.repeat(32)}` as const
const ADDRESS = '0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a'
const folder = mkdtempSync(join(tmpdir(), 'zknode-secrets-'))
const at = (name: string) => join(folder, name)
const keystore = `keystore:${at('key.json')}`
const option = 'keys.sequencer'

beforeAll(async () => {
  writeFileSync(at('key.json'), await encryptKeystore(KEY, 'right', { N: 2, r: 8, p: 1 }))
  writeFileSync(at('password'), 'right\n')
  writeFileSync(at('wrong-password'), 'wrong\n')
  writeFileSync(at('key'), `${KEY}\n`)
})
afterAll(() => rmSync(folder, { recursive: true }))

test.each([
  ['a variable', 'env:KEY', { env: { KEY } }],
  ['a file', `file:${at('key')}`, {}],
  ['a keystore with a password file', keystore, { passwordFile: at('password') }],
  ['a keystore with the variable', keystore, { env: { ZKNODE_KEYSTORE_PASSWORD: 'right' } }],
  [
    'a keystore with both: the file counts',
    keystore,
    { passwordFile: at('password'), env: { ZKNODE_KEYSTORE_PASSWORD: 'wrong' } },
  ],
])('a key comes from %s', async (_, reference, places) => {
  expect(await readPrivateKey(option, reference, { env: {}, ...places })).toBe(KEY)
  expect(readKeyAddress(option, reference, { KEY })).toBe(ADDRESS)
})

test('the address of a key in a remote signer is known, the key is not', async () => {
  const reference = 'signer:0xABCDABCDABCDABCDABCDABCDABCDABCDABCDABCD'
  expect(readKeyAddress(option, reference)).toBe('0xabcdabcdabcdabcdabcdabcdabcdabcdabcdabcd')
  await expect(readPrivateKey('keys.attester', reference)).rejects.toThrow(
    `keys.attester: ${reference} is held by a remote signer, but this needs the key itself.`,
  )
})

test.each([
  [undefined, {}, 'keys.sequencer is not set: this role needs the key.'],
  ['env:NO_KEY', {}, 'keys.sequencer: the variable NO_KEY is not set.'],
  ['env:EMPTY', {}, 'keys.sequencer: the variable EMPTY is empty.'],
  ['env:SHORT', {}, 'keys.sequencer: env:SHORT does not hold a private key (0x and 64 hex digits).'],
  ['env:ZERO', {}, 'keys.sequencer: env:ZERO does not hold a private key (0x and 64 hex digits).'],
  ['env:LARGE', {}, 'keys.sequencer: env:LARGE does not hold a private key (0x and 64 hex digits).'],
  [`file:${at('none')}`, {}, `keys.sequencer: cannot read ${at('none')}: ENOENT.`],
  [`keystore:${at('none')}`, {}, `keys.sequencer: cannot read ${at('none')}: ENOENT.`],
  [
    `keystore:${at('key')}`,
    { passwordFile: at('password') },
    /^keys\.sequencer: .*key cannot be used\. It is no keystore/,
  ],
  [keystore, {}, 'keys.sequencer: a keystore needs a password: set keys.passwordFile or ZKNODE_KEYSTORE_PASSWORD.'],
  [
    keystore,
    { passwordFile: at('wrong-password') },
    `keys.sequencer: the password of ${at('wrong-password')} does not open ${keystore}.`,
  ],
  [
    keystore,
    { env: { ZKNODE_KEYSTORE_PASSWORD: 'wrong' } },
    `keys.sequencer: the password of ZKNODE_KEYSTORE_PASSWORD does not open ${keystore}.`,
  ],
  [keystore, { passwordFile: at('none') }, `keys.sequencer: cannot read ${at('none')}: ENOENT.`],
])('%s with %j says in one line what is wrong, and no secret', async (reference, places, message) => {
  const env = { EMPTY: ' ', SHORT: '0x1234', ZERO: `0x${'00'.repeat(32)}`, LARGE: `0x${'ff'.repeat(32)}` }
  const failure = await readPrivateKey(option, reference, { env, ...places }).catch((error: Error) => error)
  expect(failure).toBeInstanceOf(ConfigError)
  const text = (failure as Error).message
  expect(text).toMatch(message)
  expect(text).not.toContain('\n')
  expect(text).not.toMatch(/1234|ffff|wrong(?!-password)/)
})
