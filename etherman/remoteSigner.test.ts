import { Transaction, Wallet } from 'ethers'
import { afterEach, describe, expect, test } from 'vitest'
import { Address, type Hex } from '#protocol/primitives.ts'
import { createAuthority } from '#test/certificates.ts'
import { type SignerFaults, startTestSigner, type TestSigner } from '#test/remoteSigner.ts'
import { createRemoteSigner } from './remoteSigner.ts'
import type { FeeTransaction } from './signTransaction.ts'

const KEY: Hex = `0x${'5a'.repeat(32)}`
const OTHER_KEY: Hex = `0x${'5b'.repeat(32)}`
const account = Address(new Wallet(KEY).address)
const CALL: FeeTransaction = {
  ...{ chainId: 1337, nonce: 7, gasLimit: 100_000, to: Address(`0x${'77'.repeat(20)}`), data: Uint8Array.of(1, 0, 2) },
  ...{ maxFeePerGas: 30n, maxPriorityFeePerGas: 2n },
}
const LEGACY: FeeTransaction = { ...CALL, maxFeePerGas: 30n, maxPriorityFeePerGas: 30n, legacy: true }

const opened: TestSigner[] = []
afterEach(async () => {
  for (const { close } of opened.splice(0)) await close()
})

async function open(faults: SignerFaults = {}, { address = account, chainId = 1337, requestTimeoutMs = 5000 } = {}) {
  const server = await startTestSigner({ keys: [KEY, OTHER_KEY], chainId })
  opened.push(server)
  server.faults = faults
  return { server, signer: createRemoteSigner(address, { url: server.url, requestTimeoutMs }) }
}

test.each([
  ['an EIP-1559 transaction', CALL, { maxFeePerGas: '0x1e', maxPriorityFeePerGas: '0x2' }],
  ['a legacy transaction', LEGACY, { gasPrice: '0x1e' }],
])('%s comes back signed', async (_, call, fees) => {
  const { server, signer } = await open()
  const { raw, hash } = await signer.signTransaction(call)
  expect(Transaction.from(raw)).toMatchObject({ from: new Wallet(KEY).address, hash, nonce: 7, data: '0x010002' })
  expect(server.signed).toEqual([
    {
      ...{ from: account, to: CALL.to, nonce: '0x7', gas: '0x186a0', value: '0x0', data: '0x010002' },
      ...{ chainId: '0x539', ...fees },
    },
  ])
})

test('it is ready when it has the account', async () => {
  const { signer } = await open()
  expect(await signer.assertReady()).toBeUndefined()
  const stranger = await open({}, { address: Address(`0x${'99'.repeat(20)}`) })
  await expect(stranger.signer.assertReady()).rejects.toMatchObject({
    name: 'L1SignerRefusedError',
    shortMessage: 'The remote signer has no key of this account.',
  })
})

describe('what is not what was asked for is not used', () => {
  test.each<[string, SignerFaults, string]>([
    ['nonce', { tamper: (it) => (it.nonce = 8) }, 'field=nonce asked=7 given=8'],
    ['recipient', { tamper: (it) => (it.to = `0x${'78'.repeat(20)}`) }, `field=to asked=${CALL.to}`],
    ['value', { tamper: (it) => (it.value = 1n) }, 'field=value asked=0 given=1'],
    ['gas limit', { tamper: (it) => (it.gasLimit = 1n) }, 'field=gasLimit asked=100000 given=1'],
    ['fee', { tamper: (it) => (it.maxFeePerGas = 31n) }, 'field=maxFeePerGas asked=30 given=31'],
    ['tip', { tamper: (it) => (it.maxPriorityFeePerGas = 3n) }, 'field=maxPriorityFeePerGas asked=2 given=3'],
    ['data', { tamper: (it) => (it.data = '0x010003') }, 'field=data asked=0x010002 given=0x010003'],
    ['access list', { tamper: (it) => (it.accessList = [{ address: CALL.to, storageKeys: [] }]) }, 'field=form'],
    ['key', { key: OTHER_KEY }, `signer=${new Wallet(OTHER_KEY).address.toLowerCase()}`],
    ['no transaction', { answer: () => ({ body: { result: '0x02c0' } }) }, 'is no signed transaction'],
    ['nothing', { answer: () => ({ body: { result: null } }) }, 'is no signed transaction'],
  ])('another %s', async (_, faults, facts) => {
    const { signer } = await open(faults)
    const failure = await signer.signTransaction(CALL).catch((error: Error) => error)
    expect(failure).toMatchObject({ name: 'L1SignerMismatchError', message: expect.stringContaining(facts) })
  })

  test('a signer of another chain', async () => {
    const { signer } = await open({}, { chainId: 5 })
    await expect(signer.signTransaction(CALL)).rejects.toThrow('field=chainId asked=1337 given=5')
  })

  test('an unsigned transaction', async () => {
    const { chainId, nonce, to } = CALL
    const result = Transaction.from({ type: 2, chainId, nonce, to }).unsignedSerialized
    const { signer } = await open({ answer: () => ({ body: { result } }) })
    await expect(signer.signTransaction(CALL)).rejects.toThrow('is no signed transaction')
  })
})

describe('a signer that does not sign', () => {
  test.each<[string, SignerFaults, string, string]>([
    ['is away', { down: true }, 'L1SignerUnavailableError', 'reason=ECONNRESET'],
    ['is too slow', { latencyMs: 2000 }, 'L1SignerUnavailableError', 'reason=no answer in 300 ms'],
    ['fails', { answer: () => ({ status: 503, body: 'no' }) }, 'L1SignerUnavailableError', 'status=503'],
    [
      'lost its key vault',
      { answer: () => ({ status: 500, body: { error: { code: -32603, message: 'Internal error' } } }) },
      'L1SignerUnavailableError',
      'code=-32603 answer=Internal error',
    ],
    ['lets nobody in', { answer: () => ({ status: 403, body: '' }) }, 'L1SignerRefusedError', 'status=403'],
    ['is something else', { answer: () => ({ body: '<html>' }) }, 'L1SignerRefusedError', 'status=200'],
    [
      'does not like it',
      { answer: () => ({ status: 400, body: { error: { code: -32602, message: 'Invalid params' } } }) },
      'L1SignerRefusedError',
      'method=eth_signTransaction signer=127.0.0.1:',
    ],
  ])('because it %s', async (_, faults, name, facts) => {
    const { signer } = await open(faults, { requestTimeoutMs: 300 })
    const failure = await signer.signTransaction(CALL).catch((error: Error) => error)
    expect(failure).toMatchObject({ name, message: expect.stringContaining(facts) })
  })

  test('because it has no such account', async () => {
    const { signer } = await open({}, { address: Address(`0x${'99'.repeat(20)}`) })
    await expect(signer.signTransaction(CALL)).rejects.toMatchObject({
      name: 'L1SignerRefusedError',
      message: expect.stringContaining('code=-32000 answer=No unlocked account matches the Sender'),
    })
  })
})

test('by TLS each shows who it is', async () => {
  const [authority, other] = [createAuthority('signer'), createAuthority('other')]
  const ca = authority.certificate
  const { certificate: cert, key } = authority.issue('127.0.0.1')
  const server = await startTestSigner({ keys: [KEY], tls: { cert, key, ca } })
  opened.push(server)
  const as = (tls: { ca: string; cert?: string; key?: string }) =>
    createRemoteSigner(account, { url: server.url, requestTimeoutMs: 5000, tls })
  const node = authority.issue('node')
  const known = await as({ ca, cert: node.certificate, key: node.key }).signTransaction(CALL)
  expect(Transaction.from(known.raw).from).toBe(new Wallet(KEY).address)
  const stranger = other.issue('stranger')
  for (const tls of [{ ca }, { ca, cert: stranger.certificate, key: stranger.key }, { ca: other.certificate }])
    await expect(as(tls).signTransaction(CALL)).rejects.toMatchObject({ name: 'L1SignerUnavailableError' })
  expect(server.signed).toHaveLength(1)
})
