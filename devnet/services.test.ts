import { expect, test } from 'vitest'
import type { VerifierKind } from '#config/schema.ts'
import { nodeServices } from './services.ts'

const namesOf = (verifier: VerifierKind, hasRemoteProvers = false) =>
  nodeServices('node.json', 'http://127.0.0.1:8123', { verifier, hasRemoteProvers }).map(({ name }) => name)

test('a prover of our own runs where attestations count, and nowhere else', () => {
  expect(namesOf('attestation')).toEqual(['workflows', 'sequencer', 'synchronizer', 'prover', 'api'])
  expect(namesOf('mock')).toEqual(['workflows', 'sequencer', 'synchronizer', 'api'])
  expect(namesOf('fflonk')).toEqual(namesOf('mock'))
  expect(namesOf('mock', true)).toEqual(['workflows', 'sequencer', 'synchronizer', 'aggregator', 'api'])
})
