import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { devAccounts, l1Roles } from '#devnet/accounts.ts'
import { choosePort } from '#devnet/ports.ts'
import { type Anvil, startAnvil } from '#test/anvil.ts'
import { until } from '#test/network.ts'
import { type NodeOfFile, startNodeOfFile, verifyBatches } from '#test/nodeOfFile.ts'
import { startTestSigner, type TestSigner } from '#test/remoteSigner.ts'

/** A node that has its keys in keystores and with a remote signer, as docs/keys.md says. */
const cli = fileURLToPath(new URL('../../cli/zknode.mjs', import.meta.url))
const run = promisify(execFile)
const { sequencer, aggregator, attester, deployer } = l1Roles()
const PASSWORD = 'a password of some length'

let folder: string
let anvil: Anvil
let signer: TestSigner
let opsPort: number
let node: NodeOfFile

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zknode-keys-'))
  anvil = await startAnvil({ blockTimeSeconds: 1 })
  signer = await startTestSigner({ keys: [sequencer.privateKey, deployer.privateKey] })
  writeFileSync(join(folder, 'password'), `${PASSWORD}\n`)
  await makeKeystore('aggregator', aggregator.privateKey)
  await makeKeystore('attester', attester.privateKey)
  const rpcPort = await choosePort()
  opsPort = await choosePort()
  const options = {
    ...{ sequencer: { batchMaxTransactions: 1 }, sequenceSender: { waitMs: 500 }, rpc: { port: rpcPort } },
    ...{ aggregator: { verifyIntervalMs: 500 }, ops: { port: 0, ports: { workflows: opsPort } } },
    keys: {
      sequencer: `signer:${sequencer.address}`,
      aggregator: 'keystore:aggregator.json',
      attester: 'keystore:attester.json',
      passwordFile: 'password',
    },
    signer: { url: signer.url, requestTimeoutMs: 2000 },
  }
  const args = ['--import', 'tsx', 'test/deployNetwork.ts', '--l1', anvil.url, '--out', folder]
  await run(process.execPath, [...args, '--node', JSON.stringify(options)])
  const configFile = join(folder, 'zknode.json')
  node = await startNodeOfFile({ configFile, folder: join(folder, 'node'), rpcPort, env: {} })
})
afterAll(async () => {
  await node?.stop()
  await Promise.all([signer?.close(), anvil?.stop()])
  rmSync(folder, { recursive: true, force: true })
})

async function makeKeystore(name: string, key: string): Promise<void> {
  const keyFile = join(folder, 'key')
  writeFileSync(keyFile, key)
  const options = ['--key-file', keyFile, '--password-file', join(folder, 'password')]
  await run(process.execPath, [cli, 'keys', 'import', join(folder, `${name}.json`), ...options])
  rmSync(keyFile)
}

test('it sequences and verifies, also when the signer was away meanwhile', async () => {
  const { privateKey } = devAccounts()[5]!
  const first = await verifyBatches(node, { batches: 3, privateKey, timeoutMs: 120_000 })
  expect(first.equalRoots).toBe(first.verifications)
  const signedBefore = signer.signed.length
  expect(signedBefore).toBeGreaterThan(0)

  signer.faults = { down: true }
  const rest = verifyBatches(node, { batches: 3, privateKey, timeoutMs: 120_000 })
  await until(async () => (await health()).ok === false, 30_000)
  expect(await health()).toMatchObject({ required: false, error: expect.stringContaining('cannot be reached') })
  expect(signer.signed).toHaveLength(signedBefore)
  signer.faults = {}
  const second = await rest
  expect(second.equalRoots).toBe(second.verifications)
  expect(new Set(signer.signed.map(({ from }) => from))).toEqual(new Set([sequencer.address.toLowerCase()]))
  expect(await health()).toMatchObject({ ok: true })
})

type Check = { ok: boolean; required: boolean; error?: string }

/** What the process that sends to L1 says of the signer. */
async function health(): Promise<Check> {
  const response = await fetch(`http://127.0.0.1:${opsPort}/ready`)
  return ((await response.json()) as { checks: { signer: Check } }).checks.signer
}

test('commands pay with an account of the signer', async () => {
  const key = `signer:${deployer.address}`
  const args = ['force-batch', '--config', join(folder, 'zknode.json'), '--key', key, '--data', '0xdead', '--json']
  const { stdout } = await run(process.execPath, [cli, ...args])
  expect(JSON.parse(stdout)).toMatchObject({ forcedBatchNumber: 1 })
  expect(signer.signed.at(-1)).toMatchObject({ from: deployer.address.toLowerCase() })
})

test('neither keys nor the password stand in what it writes', () => {
  const logs = join(folder, 'node', 'logs')
  const files = [join(folder, 'node', 'node.json'), ...readdirSync(logs).map((name) => join(logs, name))]
  const written = [node.output(), ...files.map((file) => readFileSync(file, 'utf8'))].join('\n')
  expect(written).toContain(`signer:${sequencer.address}`)
  for (const secret of [PASSWORD, ...[sequencer, aggregator, attester].map(({ privateKey }) => privateKey.slice(2))])
    expect(written).not.toContain(secret)
})

test('a password that does not fit is named by its place, and nothing starts', async () => {
  writeFileSync(join(folder, 'other-password'), 'another')
  const sections = JSON.parse(readFileSync(join(folder, 'zknode.json'), 'utf8'))
  const configFile = join(folder, 'other.json')
  const keys = { ...sections.keys, passwordFile: 'other-password' }
  writeFileSync(configFile, JSON.stringify({ ...sections, keys, rpc: {}, ops: { port: 0 } }))
  const start = startNodeOfFile({ configFile, folder: join(folder, 'refused'), rpcPort: 0, env: {} })
  const said = `the password of ${join(folder, 'other-password')} does not open keystore:${folder}`
  await expect(start).rejects.toThrow(
    new RegExp(
      `Keys cannot be read:\n  keys.aggregator: ${said}/aggregator.json.*\n  keys.attester: ${said}/attester.json`,
      's',
    ),
  )
})
