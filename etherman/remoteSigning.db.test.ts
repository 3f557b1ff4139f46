import { eq } from 'drizzle-orm'
import { JsonRpcProvider, keccak256, Wallet } from 'ethers'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Database } from '#db/client.ts'
import { createL1TransactionStore } from '#db/l1Transactions.ts'
import { l1TransactionAttempts, l1Transactions } from '#db/schema.ts'
import { Address, type Hex } from '#protocol/primitives.ts'
import { ANVIL_KEYS, type Anvil, startAnvil } from '#test/anvil.ts'
import { openTestDatabase } from '#test/database.ts'
import { startTestSigner, type TestSigner } from '#test/remoteSigner.ts'
import { L1SignerMismatchError, L1SignerRefusedError, L1SignerUnavailableError } from './errors.ts'
import { createLocalSigner, type L1Signer } from './l1Signer.ts'
import { createRemoteSigner } from './remoteSigner.ts'
import { createL1Rpc } from './rpc.ts'
import { createTransactionSender, type SenderOptions, type SendRequest, type SendStep } from './transactionSender.ts'

/** The key is with a signer that is away, slow or wrong: whatever it does, what L1 gets was stored before. */
const undisturbed = { signal: new AbortController().signal, onProgress: () => {} }
const pace = { pollIntervalMs: 50, rebroadcastMs: 0, nonceTakenMs: 200, holdMs: 0 }

let db: Database
let close: () => Promise<void>
let anvil: Anvil
let l1: JsonRpcProvider
let server: TestSigner
let keysUsed = 0
let key: Hex
let request: SendRequest

beforeAll(async () => {
  ;[{ db, close }, anvil] = await Promise.all([openTestDatabase(), startAnvil()])
  l1 = new JsonRpcProvider(anvil.url, undefined, { staticNetwork: true, cacheTimeout: -1 })
})
afterAll(async () => {
  l1.destroy()
  await Promise.all([close(), anvil.stop()])
})
beforeEach(async () => {
  key = ANVIL_KEYS[++keysUsed]! as Hex
  server = await startTestSigner({ keys: [key] })
  const call = { recipient: Address(`0x${'77'.repeat(20)}`), data: Uint8Array.of(keysUsed) }
  request = { job: `job-${keysUsed}`, purpose: 'other', build: async () => call }
})
afterEach(() => server.close())

const remote = () => createRemoteSigner(Address(new Wallet(key).address), { url: server.url, requestTimeoutMs: 2000 })

function openSender(signer: L1Signer = remote(), options: Partial<SenderOptions> = {}) {
  const rpc = createL1Rpc({ rpcUrl: anvil.url, requestTimeoutMs: 5000 })
  const store = createL1TransactionStore(db)
  return createTransactionSender({ rpc, store, l1ChainId: 1337, signer, ...pace, ...options })
}

const record = async () => (await db.select().from(l1Transactions).where(eq(l1Transactions.id, request.job)))[0]
const attempts = () => db.select().from(l1TransactionAttempts).where(eq(l1TransactionAttempts.id, request.job))
const sent = () => l1.getTransactionCount(new Wallet(key).address, 'latest')

/** The next try, as the workflow makes it. */
async function sendsAfterAll(): Promise<void> {
  const { l1TxHash } = await openSender().send(request, undisturbed)
  expect(await record()).toMatchObject({ status: 'mined', nonce: 0, hash: l1TxHash })
  expect(await sent()).toBe(1)
}

test('what it signs is stored before it is broadcast', async () => {
  const steps: SendStep[] = []
  const { l1TxHash } = await openSender(remote(), { onStep: (step) => steps.push(step) }).send(request, undisturbed)
  expect(steps).toEqual(['simulated', 'reserved', 'signed', 'stored', 'broadcast', 'mined'])
  const [attempt, ...more] = await attempts()
  expect(more).toEqual([])
  expect(attempt!.hash).toBe(l1TxHash)
  expect(keccak256(attempt!.raw)).toBe(l1TxHash)
  expect(server.signed).toHaveLength(1)
})

test.each<[string, TestSigner['faults'], new (...args: never[]) => Error]>([
  ['is away', { down: true }, L1SignerUnavailableError],
  ['does not answer in time', { latencyMs: 4000 }, L1SignerUnavailableError],
  [
    'refuses',
    { answer: () => ({ status: 400, body: { error: { code: -32000, message: 'No.' } } }) },
    L1SignerRefusedError,
  ],
  ['signs another transaction', { tamper: (it) => (it.to = `0x${'66'.repeat(20)}`) }, L1SignerMismatchError],
  ['signs with another key', { key: ANVIL_KEYS[0] as Hex }, L1SignerMismatchError],
])('a signer that %s leaves a reserved nonce and nothing on its way', async (_, faults, error) => {
  server.faults = faults
  await expect(openSender().send(request, undisturbed)).rejects.toThrow(error)
  expect(await record()).toMatchObject({ status: 'created', nonce: 0, hash: null })
  expect(await attempts()).toEqual([])
  expect(await sent()).toBe(0)
  server.faults = {}
  await sendsAfterAll()
})

test('a process that died with what was signed asks anew, and sends one', async () => {
  const dies = new Error('killed')
  const onStep = (step: SendStep) => {
    if (step === 'signed') throw dies
  }
  await expect(openSender(remote(), { onStep }).send(request, undisturbed)).rejects.toBe(dies)
  expect(await attempts()).toEqual([])
  await sendsAfterAll()
  expect(server.signed).toHaveLength(2)
})

test('of two processes at once one has its form stored, and both wait for that', async () => {
  let waiting = 0
  let release = () => {}
  const both = new Promise<void>((resolve) => {
    release = resolve
  })
  /** Gives the signed form when both have asked for one. */
  const together = (): L1Signer => ({
    ...remote(),
    signTransaction: async (transaction) => {
      if (++waiting === 2) release()
      await both
      return await remote().signTransaction(transaction)
    },
  })
  const places = await Promise.all(
    [together(), together()].map((signer) => openSender(signer).send(request, undisturbed)),
  )
  expect(waiting).toBe(2)
  expect(places[0]).toEqual(places[1])
  expect(await attempts()).toHaveLength(1)
  expect(await sent()).toBe(1)
})

test('what was given up while it was signed is not sent', async () => {
  let release = () => {}
  const gate = new Promise<void>((resolve) => {
    release = resolve
  })
  let asked = () => {}
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  const local = createLocalSigner(key)
  const slow: L1Signer = {
    ...local,
    signTransaction: async (transaction) => {
      asked()
      await gate
      return await local.signTransaction(transaction)
    },
  }
  const sending = openSender(slow).send(request, undisturbed)
  await isAsked
  expect(await openSender().cancel(request.job, undisturbed)).toEqual({ outcome: 'cancelled' })
  release()
  await expect(sending).rejects.toThrow('Another transaction took the nonce.')
  expect(await attempts()).toEqual([])
  expect(await sent()).toBe(0)
})
