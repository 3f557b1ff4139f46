import { expect, test } from 'vitest'
import {
  decryptKeystore,
  encryptKeystore,
  KeystoreFormatError,
  keystoreAddress,
  WrongPasswordError,
} from './keystore.ts'

/** The examples of the Web3 Secret Storage definition; both hold this key. */
const PASSWORD = 'testpassword'
const KEY = '0x7a28b5ba57c53603b0b07b56bba752f7784bf506fa95edc395f5cf6c7514fe9d'
const ID = { id: '3198bc9c-6672-5ab3-d995-4942343ae5b6', version: 3 }
const PBKDF2 = JSON.stringify({
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '6087dab2f9fdbbfaddc31a909735c1e6' },
    ciphertext: '5318b4d5bcd28de64ee5559e671353e16f075ecae9f99c7a79a38af5f869aa46',
    kdf: 'pbkdf2',
    kdfparams: {
      ...{ c: 262144, dklen: 32, prf: 'hmac-sha256' },
      salt: 'ae3cd4e7013836a3df6bd7241b12db061dbe2c6785853cce422d148a624ce0bd',
    },
    mac: '517ead924a9d0dc3124507e3393d175ce3ff7c1e96529c6c555ce9e51205e9b2',
  },
  ...ID,
})
const SCRYPT = JSON.stringify({
  crypto: {
    cipher: 'aes-128-ctr',
    cipherparams: { iv: '83dbcc02d8ccb40e466191a123791e0e' },
    ciphertext: 'd172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c',
    kdf: 'scrypt',
    kdfparams: {
      ...{ dklen: 32, n: 262144, r: 1, p: 8 },
      salt: 'ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19',
    },
    mac: '2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097',
  },
  ...ID,
})
/** Fast, for tests. */
const COST = { N: 2, r: 8, p: 1 }

test.each([
  ['pbkdf2', PBKDF2],
  ['scrypt', SCRYPT],
])('opens the example of the definition with %s', { timeout: 60_000 }, async (_, json) => {
  expect(await decryptKeystore(json, PASSWORD)).toBe(KEY)
  expect(keystoreAddress(json)).toBeUndefined()
})

test('what it makes is of version 3, says its address, and opens again', async () => {
  const json = await encryptKeystore(KEY, 'pässword', COST)
  expect(JSON.parse(json)).toMatchObject({
    version: 3,
    address: '008aeeda4d805471df9b2a5b0f38a0c3bcba786b',
    Crypto: { cipher: 'aes-128-ctr', kdf: 'scrypt', kdfparams: { n: 2, r: 8, p: 1, dklen: 32 } },
  })
  expect(json).not.toContain(KEY.slice(2))
  expect(keystoreAddress(json)).toBe('0x008aeeda4d805471df9b2a5b0f38a0c3bcba786b')
  expect(await decryptKeystore(json, 'pässword')).toBe(KEY)
})

test('another password is told from a damaged file', async () => {
  const json = await encryptKeystore(KEY, PASSWORD, COST)
  await expect(decryptKeystore(json, 'testpassworD')).rejects.toThrow(WrongPasswordError)
  const other = json.replace('008aeeda', '108aeeda')
  await expect(decryptKeystore(other, PASSWORD)).rejects.toThrow(KeystoreFormatError)
  await expect(decryptKeystore(json.replace('"scrypt"', '"argon2"'), PASSWORD)).rejects.toThrow(KeystoreFormatError)
})

test.each(['', '{}', '[1]', KEY, '{"version":4,"crypto":{}}'])('%j is no keystore', async (text) => {
  await expect(decryptKeystore(text, PASSWORD)).rejects.toThrow(KeystoreFormatError)
  expect(keystoreAddress(text)).toBeUndefined()
})

test('the process goes on while a password is tried', async () => {
  const json = await encryptKeystore(KEY, PASSWORD, { N: 2 ** 14, r: 8, p: 1 })
  let isOver = false
  const opening = decryptKeystore(json, PASSWORD).then(() => {
    isOver = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(isOver).toBe(false)
  await opening
})
