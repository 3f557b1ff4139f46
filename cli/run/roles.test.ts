import { expect, test } from 'vitest'
import { isProverAlone, RunOptionError, readRoles } from './roles.ts'

type Place = Parameters<typeof readRoles>[1]
const place = (role: Place['role'], verifier: Place['network']['verifier'] = 'attestation', enabled = false) => ({
  ...{ role, network: { verifier }, aggregator: { grpc: { enabled } } },
})

test('roles are processes, in the order of their start; all that have something to do when none is named', () => {
  const own = ['workflows', 'sequencer', 'synchronizer', 'prover', 'api']
  expect(readRoles(undefined, place('sequencer'))).toEqual(own)
  expect(readRoles(undefined, place('sequencer', 'mock', true))).toEqual([
    ...['workflows', 'sequencer', 'synchronizer', 'aggregator', 'api'],
  ])
  expect(readRoles('api, synchronizer', place('sequencer'))).toEqual(['synchronizer', 'api'])
})

test('a node that follows has two', () => {
  expect(readRoles(undefined, place('permissionless'))).toEqual(['follower', 'api'])
  expect(readRoles('follower', place('trusting'))).toEqual(['follower'])
  expect(readRoles('synchronizer', place('trusting'))).toEqual(['follower'])
})

test.each([
  ['api,miner', place('sequencer'), 'unknown=miner known=workflows,sequencer,synchronizer,prover,aggregator,api'],
  ['sequencer', place('permissionless'), 'role=permissionless unknown=sequencer known=follower,api'],
  ['follower', place('sequencer'), 'unknown=follower'],
  ['prover', place('sequencer', 'fflonk'), 'network.verifier is fflonk'],
  ['aggregator', place('sequencer'), 'aggregator.grpc.enabled is false'],
])('refuses --roles %s', (list, config, message) => {
  expect(() => readRoles(list, config)).toThrow(RunOptionError)
  expect(() => readRoles(list, config)).toThrow(message)
})

test('a prover alone is told from one among others', () => {
  expect(['prover', ' prover ', 'prover,api', undefined].map(isProverAlone)).toEqual([true, true, false, false])
})
