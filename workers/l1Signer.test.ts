import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Transaction, Wallet } from 'ethers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { signerSchema } from '#config/keys.ts'
import { encryptKeystore } from '#config/keystore.ts'
import { Address, type Hex } from '#protocol/primitives.ts'
import { startTestSigner, type TestSigner } from '#test/remoteSigner.ts'
import { checkL1Signer, openL1Signer, signerCheck } from './l1Signer.ts'

const KEY: Hex = `0x${'5a'.repeat(32)}`
const account = Address(new Wallet(KEY).address)
const held = `signer:${account}`
const folder = mkdtempSync(join(tmpdir(), 'zknode-signer-'))
const CALL = {
  ...{ chainId: 1337, nonce: 0, gasLimit: 21_000, to: account, data: new Uint8Array() },
  ...{ maxFeePerGas: 2n, maxPriorityFeePerGas: 1n },
}

let server: TestSigner
beforeAll(async () => {
  server = await startTestSigner({ keys: [KEY] })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const open = (reference: string, { signer = {}, passwordFile }: { signer?: object; passwordFile?: string } = {}) =>
  openL1Signer('keys.sequencer', reference, { keys: { passwordFile }, signer: signerSchema.parse(signer) })

test('an account signs, wherever its key is', async () => {
  const [keystore, passwordFile] = [join(folder, 'key.json'), join(folder, 'password')]
  writeFileSync(keystore, await encryptKeystore(KEY, 'right', { N: 2, r: 8, p: 1 }))
  writeFileSync(passwordFile, 'right')
  const signers = [
    await open(`keystore:${keystore}`, { passwordFile }),
    await open(held, { signer: { url: server.url } }),
  ]
  for (const signer of signers) {
    expect(signer.address).toBe(account)
    const { raw } = await signer.signTransaction(CALL)
    expect(Transaction.from(raw).from).toBe(new Wallet(KEY).address)
  }
})

test('what is missing is named', async () => {
  await expect(open(held)).rejects.toThrow(`signer.url is not set: keys.sequencer is ${held}.`)
  const caFile = join(folder, 'none.pem')
  await expect(open(held, { signer: { url: 'https://127.0.0.1', tls: { caFile } } })).rejects.toThrow(
    `signer.tls.caFile: cannot read ${caFile}: ENOENT.`,
  )
})

test('a signer without the account ends the start, one that is away is told of', async () => {
  const warnings: unknown[] = []
  const logger = { warn: (facts: object) => warnings.push(facts) } as unknown as Parameters<typeof checkL1Signer>[1]
  const signer = { url: server.url }
  const [ours, stranger] = [await open(held, { signer }), await open(`signer:0x${'99'.repeat(20)}`, { signer })]
  await checkL1Signer(ours, logger)
  await expect(checkL1Signer(stranger, logger)).rejects.toMatchObject({ name: 'L1SignerRefusedError' })
  expect(await signerCheck([ours])()).toEqual({ ok: true })
  expect(await signerCheck([ours, stranger])()).toMatchObject({
    ok: false,
    error: expect.stringContaining('no key of this'),
  })
  expect(warnings).toEqual([])
  server.faults = { down: true }
  await checkL1Signer(ours, logger)
  expect(warnings).toEqual([{ account, error: expect.stringContaining('The remote signer cannot be reached.') }])
  expect(await signerCheck([ours])()).toMatchObject({ ok: false, error: expect.stringContaining('ECONNRESET') })
})
