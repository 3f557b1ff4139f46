import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Contract, JsonRpcProvider, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encryptKeystore } from '#config/keystore.ts'
import { rollupManagerAbi } from '#contracts/abi.ts'
import { devAccounts, l1Roles } from '#devnet/accounts.ts'
import { choosePort } from '#devnet/ports.ts'
import { call } from '#devnet/rpc.ts'
import { type CheckedNode, createCheckedNode, withStatus } from './checkedNode.fixture.ts'

const { deployer, sequencer, aggregator, attester } = l1Roles()
let node: CheckedNode
let folder: CheckedNode['folder']
let anvil: CheckedNode['anvil']
let deployment: CheckedNode['deployment']
let check: CheckedNode['check']
let faultsOf: CheckedNode['faultsOf']

beforeAll(async () => {
  node = await createCheckedNode()
  ;({ folder, anvil, deployment, check, faultsOf } = node)
})
afterAll(() => node?.close())

/** As L1 stands in the meantime. */
async function withL1Changed<T>(change: () => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  const snapshot = await call(anvil.url, 'evm_snapshot')
  try {
    await change()
    return await work()
  } finally {
    await call(anvil.url, 'evm_revert', [snapshot])
  }
}

test('accounts that are empty on L1', async () => {
  const empty = ({ address }: { address: string }) => call(anvil.url, 'anvil_setBalance', [address, '0x0'])
  const faults = await withL1Changed(
    () => Promise.all([empty(sequencer), empty(aggregator)]),
    () => faultsOf(() => {}),
  )
  expect(faults).toEqual(
    [sequencer, aggregator].map(({ address }, index) => ({
      option: ['keys.sequencer', 'keys.aggregator'][index],
      found: `its account ${address} has no ether on L1`,
      remedy: `Send ether to ${address} on chain 1337.`,
    })),
  )
  const poor = () => call(anvil.url, 'anvil_setBalance', [sequencer.address, `0x${(10n ** 16n).toString(16)}`])
  const findings = await withL1Changed(poor, () => check())
  expect(withStatus(findings, 'warning')).toEqual([
    {
      option: 'keys.sequencer',
      found: `its account ${sequencer.address} has 0.01 ether, less than l1.lowBalanceWei`,
      remedy: `Send ether to ${sequencer.address} on chain 1337.`,
    },
  ])
})

test('a password that does not open a keystore: the account is checked all the same', async () => {
  const { address, privateKey } = devAccounts()[5]!
  const cheap = { N: 2, r: 1, p: 1 }
  writeFileSync(join(folder, 'stranger.json'), await encryptKeystore(privateKey, 'right', cheap))
  writeFileSync(join(folder, 'password'), 'wrong')
  const keystore = join(folder, 'stranger.json')
  const keys = { sequencer: 'keystore:stranger.json', passwordFile: 'password' }
  expect(await faultsOf((file) => Object.assign(file.keys, keys))).toEqual([
    {
      option: 'keys.sequencer',
      found: `the password of ${join(folder, 'password')} does not open keystore:${keystore}.`,
      remedy: `Put the password of ${keystore} into the file of keys.passwordFile, or into ZKNODE_KEYSTORE_PASSWORD.`,
    },
    {
      option: 'keys.sequencer',
      found: `is the key of ${address}, but the rollup's trusted sequencer is ${sequencer.address}`,
      remedy: `Use the key of ${sequencer.address}, or have the rollup's admin call setTrustedSequencer.`,
    },
  ])
  writeFileSync(join(folder, 'password'), 'right\n')
  expect(await faultsOf((file) => Object.assign(file.keys, keys))).toHaveLength(1)
})

test('a remote signer that does not answer', async () => {
  const port = await choosePort()
  const faults = await faultsOf((file) => {
    Object.assign(file.keys, { sequencer: `signer:${sequencer.address}` })
    Object.assign(file, { signer: { url: `http://127.0.0.1:${port}` } })
  })
  expect(faults).toEqual([
    {
      option: 'signer.url',
      found: `The remote signer cannot be reached. method=eth_accounts signer=127.0.0.1:${port} reason=ECONNREFUSED`,
      remedy: 'Start the remote signer, or correct its URL and tls.',
    },
  ])
})

test('keys of accounts that may not do what they have to', async () => {
  const { address, privateKey } = devAccounts()[5]!
  writeFileSync(join(folder, 'stranger.key'), privateKey)
  const stranger = 'file:stranger.key'
  expect(await faultsOf(({ keys }) => Object.assign(keys, { sequencer: stranger, aggregator: stranger }))).toEqual([
    {
      option: 'keys.sequencer',
      found: `is the key of ${address}, but the rollup's trusted sequencer is ${sequencer.address}`,
      remedy: `Use the key of ${sequencer.address}, or have the rollup's admin call setTrustedSequencer.`,
    },
    {
      option: 'keys.aggregator',
      found: `its account ${address} does not have the role of trusted aggregator`,
      remedy: "Use the key of one that has it, or have the rollup manager's admin call grantRole.",
    },
  ])
})

test('an attester that the verifier does not count, and an aggregator that does not send', async () => {
  const { address, privateKey } = devAccounts()[5]!
  writeFileSync(join(folder, 'stranger.key'), privateKey)
  const faults = await faultsOf(({ keys, aggregator }) => {
    Object.assign(keys, { attester: 'file:stranger.key' })
    Object.assign(aggregator, { address })
  })
  expect(faults).toEqual([
    {
      option: 'aggregator.address',
      found: `is ${address}, but keys.aggregator is the key of ${aggregator.address}, which sends the verifications`,
      remedy: 'Leave it out where keys.aggregator is set.',
    },
    {
      option: 'keys.attester',
      found: `is the key of ${address}, whose attestations the verifier does not count`,
      remedy: `Use the key of ${attester.address}, or have the verifier's owner call setAttesters.`,
    },
  ])
})

test('an emergency on L1', async () => {
  const provider = new JsonRpcProvider(anvil.url, undefined, { staticNetwork: true, cacheTimeout: -1 })
  const admin = new Wallet(deployer.privateKey, provider)
  const manager = new Contract(deployment.rollupManager, [...rollupManagerAbi], admin)
  const stop = async () => (await manager.getFunction('activateEmergencyState').send()).wait()
  try {
    expect(withStatus(await withL1Changed(stop, () => check()), 'warning')).toEqual([
      {
        option: 'network.contracts.rollupManager',
        found: 'is in its emergency state: nothing is sequenced and verified',
        remedy: 'Wait until its administrators end that.',
      },
    ])
  } finally {
    provider.destroy()
  }
})
