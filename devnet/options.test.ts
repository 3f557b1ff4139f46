import { resolve } from 'node:path'
import { Command, CommanderError } from 'commander'
import { expect, test } from 'vitest'
import { attesterAccounts, devAccounts, faucetAccount, l1Roles } from './accounts.ts'
import { LauncherOptionError, type LauncherOptions, launcherOptions, withLauncherOptions } from './options.ts'

function readLauncherOptions(args: string[], env: NodeJS.ProcessEnv): LauncherOptions {
  const command = withLauncherOptions(new Command('devnet'))
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
  return launcherOptions(command.parse(args, { from: 'user' }).opts(), env)
}

test('the data directory: argument before environment before .zknode', () => {
  const env = { ZKNODE_DATA_DIR: '/from/environment' }
  expect(readLauncherOptions(['--data-dir', '/given'], env)).toMatchObject({ folder: '/given', reset: false })
  expect(readLauncherOptions(['--reset'], env)).toMatchObject({ folder: '/from/environment', reset: true })
  expect(readLauncherOptions([], {})).toMatchObject({ folder: resolve('.zknode') })
})

test('real parts of somebody else come from the environment; an empty variable is refused', () => {
  const env = { DATABASE_URL: 'postgres://db/zk', L1_RPC_URL: 'http://a,http://b', TEMPORAL_ADDRESS: 'temporal:7233' }
  expect(readLauncherOptions([], env)).toMatchObject({
    databaseUrl: 'postgres://db/zk',
    l1RpcUrl: 'http://a',
    temporalAddress: 'temporal:7233',
  })
  expect(() => readLauncherOptions([], { L1_RPC_URL: '' })).toThrow('the variable L1_RPC_URL is empty')
})

test('an unknown option is refused', () => {
  expect(() => readLauncherOptions(['--rest'], {})).toThrow("error: unknown option '--rest'\n(Did you mean --reset?)")
})

test('roles on L1 are the first accounts of the test mnemonic', () => {
  expect(l1Roles().deployer.address).toBe('0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266')
  expect(l1Roles().sequencer.privateKey).toBe('0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d')
})

test('extra accounts are a number, none by default', () => {
  expect(readLauncherOptions([], {})).toMatchObject({ extraAccounts: 0 })
  expect(readLauncherOptions(['--extra-accounts', '1000'], {})).toMatchObject({ extraAccounts: 1000 })
  expect(() => readLauncherOptions(['--extra-accounts', 'many'], {})).toThrow('It takes a number from 0 to')
})

test('the verifier is one that there is a contract of', () => {
  expect(readLauncherOptions([], {})).toMatchObject({ verifier: undefined })
  expect(readLauncherOptions(['--verifier', 'mock'], {})).toMatchObject({ verifier: 'mock' })
  expect(() => readLauncherOptions(['--verifier', 'fflonk'], {})).toThrow('Allowed choices are attestation, mock.')
})

test('a prover of our own runs unless it is not wanted, and the node takes options of a file', () => {
  expect(readLauncherOptions([], {})).toMatchObject({ prover: true, configFile: undefined })
  const given = ['--no-prover', '--config', 'own.yaml']
  expect(readLauncherOptions(given, {})).toMatchObject({ prover: false, configFile: resolve('own.yaml') })
})

test('a second node is permissionless unless it is to trust the sequencer', () => {
  expect(readLauncherOptions([], {})).toMatchObject({ secondNode: undefined })
  expect(readLauncherOptions(['--nodes', '2'], {})).toMatchObject({ secondNode: 'permissionless' })
  const trusting = ['--nodes', '2', '--second-node', 'trusting']
  expect(readLauncherOptions(trusting, {})).toMatchObject({ secondNode: 'trusting' })
  for (const wrong of [
    ['--nodes', '3'],
    ['--nodes', '2', '--second-node', 'x'],
  ])
    expect(() => readLauncherOptions(wrong, {})).toThrow(CommanderError)
  expect(() => readLauncherOptions(['--second-node', 'trusting'], {})).toThrow(
    new LauncherOptionError('--second-node needs --nodes 2.'),
  )
})

test('several attesters: each proof needs more than half of them unless it is said how many', () => {
  const attesters = (...args: string[]) => readLauncherOptions(args, {})
  expect(attesters()).toMatchObject({ attesters: undefined })
  expect(attesters('--attesters', '3')).toMatchObject({ attesters: { count: 3, required: 2 } })
  expect(attesters('--attesters', '8', '--attesters-required', '8')).toMatchObject({
    attesters: { count: 8, required: 8 },
  })
  for (const count of ['9', '0', '1.5']) expect(() => attesters('--attesters', count)).toThrow(CommanderError)
  expect(() => attesters('--attesters', '3', '--attesters-required', '4')).toThrow(
    new LauncherOptionError('--attesters-required takes 1 to 3.'),
  )
  expect(() => attesters('--attesters-required', '1')).toThrow(
    new LauncherOptionError('--attesters-required needs --attesters.'),
  )
})

test('attesters have keys of their own that are no user’s', () => {
  const addresses = attesterAccounts(8).map(({ address }) => address)
  expect(addresses[0]).toBe(l1Roles().attester.address)
  expect(new Set([...addresses, ...devAccounts().map(({ address }) => address), faucetAccount().address]).size).toBe(18)
})
