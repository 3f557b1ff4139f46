import { expect, test } from 'vitest'
import { nodeServices } from './services.ts'

type Parts = Parameters<typeof nodeServices>[2]
const namesOf = (verifier: Parts['verifier'], { hasProver = true, hasRemoteProvers = false }: Partial<Parts> = {}) =>
  nodeServices('node.json', 'http://127.0.0.1:8123', { verifier, hasProver, hasRemoteProvers }).map(({ name }) => name)

test('a prover of our own runs where attestations count, and nowhere else', () => {
  expect(namesOf('attestation')).toEqual(['workflows', 'sequencer', 'synchronizer', 'prover', 'api'])
  expect(namesOf('attestation', { hasProver: false })).toEqual(['workflows', 'sequencer', 'synchronizer', 'api'])
  expect(namesOf('mock')).toEqual(['workflows', 'sequencer', 'synchronizer', 'api'])
  expect(namesOf('fflonk')).toEqual(namesOf('mock'))
})

test('provers may dial in where the aggregator runs', () => {
  const names = ['workflows', 'sequencer', 'synchronizer', 'prover', 'aggregator', 'api']
  expect(namesOf('attestation', { hasRemoteProvers: true })).toEqual(names)
  expect(namesOf('mock', { hasRemoteProvers: true })).toEqual(names.filter((name) => name !== 'prover'))
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
