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

test('each further attester has a prover with a configuration of its own', () => {
  const parts = { verifier: 'attestation', hasRemoteProvers: false, proverConfigs: ['two.json', 'three.json'] } as const
  const provers = nodeServices('node.json', 'http://127.0.0.1:8123', parts).filter(({ name }) => /^prover/.test(name))
  expect(provers.map(({ name, env }) => [name, env?.['ZKNODE_CONFIG']])).toEqual([
    ['prover', 'node.json'],
    ['prover-2', 'two.json'],
    ['prover-3', 'three.json'],
  ])
})
