import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { assertVerifier, findChain, VerifierDiffersError } from './setup.ts'

let folder: string
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'zknode-setup-'))))
afterEach(() => rmSync(folder, { recursive: true }))

const record = (chain: object) => writeFileSync(join(folder, 'chain.json'), JSON.stringify(chain))

test('a chain goes on with the verifier it was made with, and with no other', () => {
  record({ l1ChainId: 31337, verifier: 'mock' })
  const chain = findChain(folder)!
  expect(chain.verifier).toBe('mock')
  assertVerifier(chain, undefined)
  assertVerifier(chain, 'mock')
  expect(() => assertVerifier(chain, 'attestation')).toThrow(VerifierDiffersError)
  expect(() => assertVerifier(chain, 'attestation')).toThrow('a verifier of kind mock, which cannot become attestation')
})

test('a chain of an earlier launcher counts attestations', () => {
  record({ l1ChainId: 31337 })
  expect(findChain(folder)).toEqual({
    ...{ l1ChainId: 31337, verifier: 'attestation', attesters: { count: 1, required: 1 } },
  })
})

test('no chain is found where the setup was not completed', () => {
  expect(findChain(folder)).toBeUndefined()
})
