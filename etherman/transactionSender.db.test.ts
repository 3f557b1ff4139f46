import { eq } from 'drizzle-orm'
import { JsonRpcProvider, Wallet } from 'ethers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '#db/client.ts'
import { createL1TransactionStore } from '#db/l1Transactions.ts'
import { l1TransactionAttempts, l1Transactions } from '#db/schema.ts'
import { Address, type Hex } from '#protocol/primitives.ts'
import { ANVIL_KEYS, type Anvil, startAnvil } from '#test/anvil.ts'
import { openTestDatabase } from '#test/database.ts'
import { suggestFees } from './fees.ts'
import { createLocalSigner } from './l1Signer.ts'
import {
  L1BalanceTooLowError,
  L1FeeLimitError,
  L1NonceTakenError,
  L1RefusedError,
  L1TransactionCancelledError,
  L1TransactionRevertedError,
  L1TransactionWithdrawnError,
} from './reverts.ts'
import { createL1Rpc } from './rpc.ts'
import {
  createTransactionSender,
  type SendControl,
  type SenderOptions,
  type SendRequest,
  type SendStep,
  type Underway,
} from './transactionSender.ts'

const recipient = Address(`0x${'77'.repeat(20)}`)
/** Reverts with OnlyTrustedSequencer(). */
const REFUSING_CODE = '0x6311e7be156000526004601cfd'
const STEPS: SendStep[] = ['simulated', 'reserved', 'signed', 'stored', 'broadcast', 'mined']
const undisturbed = { signal: new AbortController().signal, onProgress: () => {} }

let db: Database
let close: () => Promise<void>
let anvil: Anvil
let l1: JsonRpcProvider
let keysUsed = 1

beforeAll(async () => {
  ;[{ db, close }, anvil] = await Promise.all([openTestDatabase(), startAnvil()])
  l1 = new JsonRpcProvider(anvil.url, undefined, { staticNetwork: true, cacheTimeout: -1 })
})
afterAll(async () => {
  l1.destroy()
  await Promise.all([close(), anvil.stop()])
})

/** A sender with a key of its own for each test. */
function newSender({ key, ...options }: Partial<SenderOptions> & { key?: Hex } = {}) {
  const privateKey = key ?? (ANVIL_KEYS[keysUsed++ % ANVIL_KEYS.length]! as Hex)
  const wallet = new Wallet(privateKey, l1)
  const rpc = createL1Rpc({ rpcUrl: anvil.url, requestTimeoutMs: 5000 })
  const store = createL1TransactionStore(db)
  const fast = { pollIntervalMs: 50, rebroadcastMs: 0, nonceTakenMs: 200, holdMs: 0 }
  const common = { rpc, store, l1ChainId: 1337, signer: createLocalSigner(privateKey), ...fast }
  const create = (changes: Partial<SenderOptions> = {}) =>
    createTransactionSender({ ...common, ...options, ...changes })
  return { create, wallet, sent: () => l1.getTransactionCount(wallet.address, 'latest') }
}

let jobs = 0
const newRequest = (changes: Partial<SendRequest> = {}): SendRequest => ({
  job: `job-${++jobs}`,
  purpose: 'other',
  build: async () => ({ recipient, data: Uint8Array.of(jobs) }),
  ...changes,
})
const recordOf = async (id: string) => (await db.select().from(l1Transactions).where(eq(l1Transactions.id, id)))[0]!
const attemptsOf = (id: string) => db.select().from(l1TransactionAttempts).where(eq(l1TransactionAttempts.id, id))

/** No block is mined while it runs, except those it asks for. */
async function withoutMining(work: () => Promise<void>): Promise<void> {
  await l1.send('evm_setAutomine', [false])
  try {
    await work()
  } finally {
    await l1.send('evm_setAutomine', [true])
    await l1.send('evm_mine', [])
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await condition()); tries++) {
    if (tries > 200) throw new Error('it did not come')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
}

/** The first signed form, once L1 has it. */
async function firstAttempt(job: string) {
  await until(async () => (await attemptsOf(job)).length > 0)
  const [attempt] = await attemptsOf(job)
  await until(async () => (await l1.getTransaction(attempt!.hash)) !== null)
  return attempt!
}

test('sends once, however often it is asked', async () => {
  const { create, sent } = newSender()
  const request = newRequest()
  const place = await create().send(request, undisturbed)
  const receipt = (await l1.getTransactionReceipt(place.l1TxHash))!
  expect([receipt.status, receipt.blockNumber]).toEqual([1, place.l1BlockNumber])
  expect(await create().send(request, undisturbed)).toEqual(place)
  expect(await sent()).toBe(1)
  expect(await recordOf(request.job)).toMatchObject({ status: 'mined', hash: place.l1TxHash, nonce: 0 })
})

test('what L1 forgot is held back while it would revert, but not for ever', async () => {
  const { create, sent } = newSender({ holdMs: 1000 })
  const before = await sent()
  const contract = Address(`0x${'79'.repeat(20)}`)
  const request = newRequest({ build: async () => ({ recipient: contract, data: Uint8Array.of(jobs) }) })
  const steps: SendStep[] = []
  await l1.send('evm_setAutomine', [false])
  try {
    const place = create({ onStep: (step) => steps.push(step) }).send(request, undisturbed)
    const { hash } = await firstAttempt(request.job)
    await l1.send('anvil_setCode', [contract, REFUSING_CODE])
    await l1.send('anvil_dropTransaction', [hash])
    await new Promise((resolve) => setTimeout(resolve, 600))
    expect(await l1.getTransaction(hash)).toBeNull()
    await l1.send('anvil_setCode', [contract, '0x'])
    await until(async () => (await l1.getTransaction(hash)) !== null)

    await l1.send('anvil_setCode', [contract, REFUSING_CODE])
    await l1.send('anvil_dropTransaction', [hash])
    await until(async () => (await l1.getTransaction(hash)) !== null)
    await l1.send('anvil_setCode', [contract, '0x'])
    await l1.send('evm_mine', [])
    await place
  } finally {
    await l1.send('evm_setAutomine', [true])
  }
  expect(steps.filter((step) => step === 'broadcast')).toHaveLength(3)
  expect(await sent()).toBe(before + 1)
})

test('… nor does another process broadcast it meanwhile', async () => {
  const { create, sent } = newSender({ holdMs: 60_000 })
  const before = await sent()
  const contract = Address(`0x${'7a'.repeat(20)}`)
  const request = newRequest({ build: async () => ({ recipient: contract, data: Uint8Array.of(jobs) }) })
  const die = (step: SendStep) => {
    if (step === 'stored') throw new Error('died')
  }
  await expect(create({ onStep: die }).send(request, undisturbed)).rejects.toThrow('died')
  await l1.send('anvil_setCode', [contract, REFUSING_CODE])
  const sending = create().send(request, undisturbed)
  await new Promise((resolve) => setTimeout(resolve, 500))
  expect(await sent()).toBe(before)
  await l1.send('anvil_setCode', [contract, '0x'])
  await sending
  expect(await sent()).toBe(before + 1)
})

test('does again what is asked for again', async () => {
  const { create, sent } = newSender()
  const request = newRequest({ repeat: true })
  const first = await create().send(request, undisturbed)
  const second = await create().send(request, undisturbed)
  expect(second.l1TxHash).not.toBe(first.l1TxHash)
  expect(await sent()).toBe(2)
  expect(await recordOf(`${request.job}#2`)).toMatchObject({ status: 'mined', nonce: 1 })
})

test.each(STEPS)('a process that dies when it is %s leaves one transaction', async (fatal) => {
  const { create, sent } = newSender()
  const before = await sent()
  const request = newRequest()
  const die = (step: SendStep) => {
    if (step === fatal) throw new Error(`died when ${step}`)
  }
  await expect(create({ onStep: die }).send(request, undisturbed)).rejects.toThrow(`died when ${fatal}`)
  await expect(create({ onStep: die }).send(request, undisturbed))
    .rejects.toThrow(/died/)
    .catch(() => {})
  const place = await create().send(request, undisturbed)
  expect(await sent()).toBe(before + 1)
  expect((await l1.getTransaction(place.l1TxHash))?.data).toBe(`0x${jobs.toString(16).padStart(2, '0')}`)
})

test('two processes at once make one transaction', async () => {
  const { create, sent } = newSender()
  const before = await sent()
  const request = newRequest()
  const places = await Promise.all([1, 2, 3].map(() => create().send(request, undisturbed)))
  expect(new Set(places.map(({ l1TxHash }) => l1TxHash)).size).toBe(1)
  expect(await sent()).toBe(before + 1)
})

test('several jobs at once get nonces of their own', async () => {
  const { create, sent } = newSender()
  const before = await sent()
  await Promise.all([1, 2, 3, 4].map(() => create().send(newRequest(), undisturbed)))
  expect(await sent()).toBe(before + 4)
})

test('what a contract refuses in the simulation is not sent, and its error is named', async () => {
  const { create, sent } = newSender()
  const before = await sent()
  const refusing = Address(`0x${'78'.repeat(20)}`)
  await l1.send('anvil_setCode', [refusing, REFUSING_CODE])
  const request = newRequest({ build: async () => ({ recipient: refusing, data: new Uint8Array() }) })
  const failure = await create()
    .send(request, undisturbed)
    .catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(L1TransactionRevertedError)
  expect(failure).toMatchObject({ revert: 'OnlyTrustedSequencer' })
  expect(await recordOf(request.job)).toBeUndefined()
  await l1.send('anvil_setCode', [refusing, '0x'])
  await create().send(request, undisturbed)
  expect(await sent()).toBe(before + 1)
})

test('what reverts on L1 is explained, and tried again when it no longer would', async () => {
  const { create, wallet } = newSender()
  const fickle = Address(`0x${'79'.repeat(20)}`)
  const request = newRequest({ build: async () => ({ recipient: fickle, data: new Uint8Array() }) })
  await withoutMining(async () => {
    const refuseBelow = async (step: SendStep) => {
      if (step === 'broadcast') await l1.send('anvil_setCode', [fickle, REFUSING_CODE])
    }
    const changes: Promise<void>[] = []
    const sending = create({ onStep: (step) => void changes.push(refuseBelow(step)) }).send(request, undisturbed)
    sending.catch(() => {})
    await until(
      async () => (await l1.getTransactionCount(wallet.address, 'pending')) > (await recordOf(request.job))?.nonce,
    )
    await Promise.all(changes)
    await l1.send('evm_mine', [])
    await l1.send('evm_mine', [])
    await expect(sending).rejects.toThrow('OnlyTrustedSequencer')
  })
  expect(await recordOf(request.job)).toMatchObject({ status: 'reverted', error: 'OnlyTrustedSequencer' })
  await expect(create().send(request, undisturbed)).rejects.toThrow(L1TransactionRevertedError)
  await l1.send('anvil_setCode', [fickle, '0x'])
  await create().send(request, undisturbed)
  expect(await recordOf(`${request.job}#2`)).toMatchObject({ status: 'mined' })
})

test('a transaction that L1 forgot is broadcast again', async () => {
  const { create } = newSender()
  const request = newRequest()
  await withoutMining(async () => {
    const sending = create().send(request, undisturbed)
    const { hash } = await firstAttempt(request.job)
    await l1.send('anvil_dropTransaction', [hash])
    await until(async () => (await l1.getTransaction(hash)) !== null)
    await l1.send('evm_mine', [])
    expect((await sending).l1TxHash).toBe(hash)
  })
})

test('fees are raised when the transaction is too cheap to be mined', async () => {
  const { create, sent } = newSender({ bumpAfterMs: 100 })
  const before = await sent()
  const request = newRequest()
  await withoutMining(async () => {
    let bumps = 0
    const sending = create({ onFeeBump: () => bumps++ }).send(request, undisturbed)
    const { maxFeePerGas } = await firstAttempt(request.job)
    expect(bumps).toBe(0)
    for (let block = 0; block < 2; block++) {
      await l1.send('anvil_setNextBlockBaseFeePerGas', [`0x${(maxFeePerGas * 2n).toString(16)}`])
      await l1.send('evm_mine', [])
    }
    await until(async () => (await attemptsOf(request.job)).length > 1)
    await l1.send('evm_mine', [])
    await l1.send('evm_mine', [])
    const { l1TxHash } = await sending
    expect((await l1.getTransaction(l1TxHash))?.maxFeePerGas).toBeGreaterThan((maxFeePerGas * 9n) / 8n)
    expect(bumps).toBe((await attemptsOf(request.job)).length - 1)
  })
  expect(await sent()).toBe(before + 1)
})

test('a stored transaction that has become too cheap to be taken is signed anew', async () => {
  const { create, sent } = newSender()
  const before = await sent()
  const request = newRequest()
  const stop = (step: SendStep) => {
    if (step === 'stored') throw new Error('died')
  }
  await expect(create({ onStep: stop }).send(request, undisturbed)).rejects.toThrow('died')
  const [{ maxFeePerGas } = { maxFeePerGas: 0n }] = await attemptsOf(request.job)
  await l1.send('anvil_setNextBlockBaseFeePerGas', [`0x${(maxFeePerGas * 4n).toString(16)}`])
  await l1.send('evm_mine', [])
  await create().send(request, undisturbed)
  expect(await sent()).toBe(before + 1)
  expect(await attemptsOf(request.job)).toHaveLength(2)
})

test('a slow L1 alone raises no fees', async () => {
  const { create } = newSender({ bumpAfterMs: 50 })
  const request = newRequest()
  await withoutMining(async () => {
    const sending = create().send(request, undisturbed)
    await firstAttempt(request.job)
    await new Promise((resolve) => setTimeout(resolve, 500))
    await l1.send('evm_mine', [])
    await sending
  })
  expect(await attemptsOf(request.job)).toHaveLength(1)
})

test('goes on after a reorg that took the transaction', async () => {
  const { create, sent } = newSender()
  const before = await sent()
  const request = newRequest()
  const snapshot = await l1.send('evm_snapshot', [])
  const place = await create().send(request, undisturbed)
  await l1.send('evm_revert', [snapshot])
  expect(await sent()).toBe(before)
  // As the synchronizer does.
  await db.update(l1Transactions).set({ status: 'sent', l1BlockNumber: null }).where(eq(l1Transactions.id, request.job))
  expect((await create().send(request, undisturbed)).l1TxHash).toBe(place.l1TxHash)
  expect(await sent()).toBe(before + 1)
})

test('goes on with another nonce when another transaction took the one of a record', async () => {
  const { create, wallet } = newSender()
  const request = newRequest()
  const stop = (step: SendStep) => {
    if (step === 'stored') throw new Error('died')
  }
  await expect(create({ onStep: stop }).send(request, undisturbed)).rejects.toThrow('died')
  await (await wallet.sendTransaction({ to: recipient, value: 1n })).wait()
  await create().send(request, undisturbed)
  const { status, nonce } = await recordOf(request.job)
  expect(status).toBe('abandoned')
  expect(await recordOf(`${request.job}#2`)).toMatchObject({ status: 'mined', nonce: nonce + 1 })
})

test('says that its nonce was taken when that happens while it waits', async () => {
  const { create, wallet } = newSender()
  const request = newRequest()
  await withoutMining(async () => {
    const sending = create().send(request, undisturbed)
    sending.catch(() => {})
    const { hash } = await firstAttempt(request.job)
    const { nonce } = await recordOf(request.job)
    await l1.send('anvil_setNonce', [wallet.address, `0x${(nonce + 1).toString(16)}`])
    await l1.send('anvil_dropTransaction', [hash])
    await expect(sending).rejects.toThrow(L1NonceTakenError)
  })
  expect(await recordOf(request.job)).toMatchObject({ status: 'abandoned' })
})

test('what an earlier process left and L1 reverted is built and tried anew', async () => {
  const { create } = newSender()
  const moody = Address(`0x${'7a'.repeat(20)}`)
  const request = newRequest({ build: async () => ({ recipient: moody, data: new Uint8Array() }) })
  const stop = (step: SendStep) => {
    if (step === 'stored') throw new Error('died')
  }
  await expect(create({ onStep: stop }).send(request, undisturbed)).rejects.toThrow('died')
  await l1.send('anvil_setCode', [moody, REFUSING_CODE])
  const renewed = { ...request, build: async () => ({ recipient, data: new Uint8Array() }) }
  await create().send(renewed, undisturbed)
  expect(await recordOf(request.job)).toMatchObject({ status: 'reverted', error: 'OnlyTrustedSequencer' })
  expect(await recordOf(`${request.job}#2`)).toMatchObject({ status: 'mined', recipient })
})

test('an earlier transaction of the key that nobody finished goes first', async () => {
  const { create, sent } = newSender()
  const before = await sent()
  const [left, next] = [newRequest(), newRequest()]
  const stop = (step: SendStep) => {
    if (step === 'reserved') throw new Error('died')
  }
  await expect(create({ onStep: stop }).send(left, undisturbed)).rejects.toThrow('died')
  await create().send(next, undisturbed)
  expect(await sent()).toBe(before + 2)
  expect(await recordOf(left.job)).toMatchObject({ status: 'mined', nonce: before })
})

test('a key without funds is told so, and may try again', async () => {
  const { create, sent } = newSender({ key: `0x${'5a'.repeat(32)}` })
  const failure = await create()
    .send(newRequest(), undisturbed)
    .catch((error: Error) => error)
  expect(failure).toBeInstanceOf(L1BalanceTooLowError)
  expect((failure as Error).message).toMatch(/balanceWei=0 neededWei=(\d+) missingWei=\1$/)
  expect(await sent()).toBe(0)
})

test('what another key began is not waited for without end', async () => {
  const request = newRequest()
  await l1.send('evm_setAutomine', [false])
  const ended = new AbortController()
  const before = newSender()
  const sending = before.create().send(request, { ...undisturbed, signal: ended.signal })
  await firstAttempt(request.job)
  ended.abort()
  await expect(sending).rejects.toThrow()
  const after = newSender()
  await expect(after.create().send(request, undisturbed)).rejects.toThrow(L1RefusedError)
  await l1.send('evm_setAutomine', [true])
  await l1.send('evm_mine', [])
  expect(await before.create().send(request, undisturbed)).toMatchObject({
    l1TxHash: (await attemptsOf(request.job))[0]!.hash,
  })
})

test('says the balance before each transaction', async () => {
  const balances: bigint[] = []
  const { create } = newSender({ onBalance: async (wei) => void balances.push(wei) })
  await create().send(newRequest(), undisturbed)
  await create().send(newRequest(), undisturbed)
  expect(balances).toHaveLength(2)
  expect(balances[1]).toBeLessThan(balances[0]!)
})

test('within the limit of fees a cheap transaction waits, is shown as limited, and goes when L1 is cheaper', async () => {
  const { create } = newSender({ bumpAfterMs: 100 })
  const request = newRequest()
  await withoutMining(async () => {
    const { maxFeePerGas } = await suggestFees(createL1Rpc({ rpcUrl: anvil.url, requestTimeoutMs: 5000 }))
    const seen: Underway[] = []
    const onProgress: SendControl['onProgress'] = ({ underway }) => void (underway && seen.push(underway))
    const limited = create({ feeLimits: { maxFeePerGas: (maxFeePerGas * 17n) / 16n } })
    const sending = limited.send(request, { ...undisturbed, onProgress })
    await firstAttempt(request.job)
    for (let block = 0; block < 3; block++) {
      await l1.send('anvil_setNextBlockBaseFeePerGas', [`0x${(maxFeePerGas * 2n).toString(16)}`])
      await l1.send('evm_mine', [])
    }
    await until(async () => seen.at(-1)?.feeLimited === true)
    expect(seen.at(-1)).toMatchObject({ id: request.job, attempts: 1, nonce: (await recordOf(request.job)).nonce })
    await until(async () => {
      await l1.send('anvil_setNextBlockBaseFeePerGas', ['0x1'])
      await l1.send('evm_mine', [])
      return (await recordOf(request.job)).status === 'mined'
    })
    await sending
  })
  expect(await attemptsOf(request.job)).toHaveLength(1)
})

test('nothing is reserved while L1 is dearer than the limit', async () => {
  const { create } = newSender({ feeLimits: { maxFeePerGas: 0n } })
  await l1.send('anvil_setNextBlockBaseFeePerGas', ['0x64'])
  await l1.send('evm_mine', [])
  const request = newRequest()
  await expect(create().send(request, undisturbed)).rejects.toThrow(L1FeeLimitError)
  expect(await recordOf(request.job)).toBeUndefined()
})

test('on an L1 without base fees it sends legacy transactions', async () => {
  const old = await startAnvil({ args: ['--hardfork', 'berlin'] })
  const provider = new JsonRpcProvider(old.url, undefined, { staticNetwork: true, cacheTimeout: -1 })
  try {
    const rpc = createL1Rpc({ rpcUrl: old.url, requestTimeoutMs: 5000 })
    const { create, wallet } = newSender({ rpc, key: `0x${'5b'.repeat(32)}` })
    await provider.send('anvil_setBalance', [wallet.address, '0xde0b6b3a7640000'])
    const request = newRequest()
    const { l1TxHash } = await create().send(request, undisturbed)
    expect((await provider.getTransaction(l1TxHash))!.type).toBe(0)
    const [attempt] = await attemptsOf(request.job)
    expect(attempt!.maxFeePerGas).toBe(attempt!.maxPriorityFeePerGas)
  } finally {
    provider.destroy()
    await old.stop()
  }
})

describe('a transaction that is cancelled', () => {
  test('is replaced by an empty one with its nonce and higher fees', async () => {
    const { create, wallet, sent } = newSender()
    const before = await sent()
    const request = newRequest()
    await withoutMining(async () => {
      const sending = create().send(request, undisturbed)
      sending.catch(() => {})
      const first = await firstAttempt(request.job)
      const cancelling = create().cancel(request.job, undisturbed)
      await until(async () => (await attemptsOf(request.job)).length === 2)
      const second = (await attemptsOf(request.job)).find(({ hash }) => hash !== first.hash)!
      await until(async () => (await l1.getTransaction(second.hash)) !== null)
      expect(second.maxFeePerGas).toBeGreaterThanOrEqual((first.maxFeePerGas * 9n) / 8n)
      expect(second.maxPriorityFeePerGas).toBeGreaterThanOrEqual((first.maxPriorityFeePerGas * 9n) / 8n)
      await l1.send('evm_mine', [])
      const cancelled = await cancelling
      expect(cancelled).toMatchObject({ outcome: 'cancelled', l1TxHash: second.hash })
      await expect(sending).rejects.toThrow(L1TransactionCancelledError)
      const mined = (await l1.getTransaction(second.hash))!
      expect([mined.to?.toLowerCase(), mined.data, mined.value]).toEqual([wallet.address.toLowerCase(), '0x', 0n])
    })
    expect(await recordOf(request.job)).toMatchObject({ status: 'cancelled', nonce: before })
    expect(await create().cancel(request.job, undisturbed)).toEqual({ outcome: 'nothing to cancel' })
    await create().send(request, undisturbed) // asked for again, it is done
    expect(await recordOf(`${request.job}#2`)).toMatchObject({ status: 'mined', nonce: before + 1 })
  })

  test('counts as mined when L1 was faster', async () => {
    const { create } = newSender()
    const request = newRequest()
    const place = await create().send(request, undisturbed)
    expect(await create().cancel(request.job, undisturbed)).toEqual({ outcome: 'mined', ...place })
  })

  test('gives its nonce back when nothing was signed and nothing waits behind it', async () => {
    const { create, sent } = newSender()
    const before = await sent()
    const stop = (step: SendStep) => {
      if (step === 'reserved') throw new Error('died')
    }
    const [first, second] = [newRequest(), newRequest()]
    for (const request of [first, second])
      await expect(create({ onStep: stop }).send(request, undisturbed)).rejects.toThrow('died')
    expect(await create().cancel(second.job, undisturbed)).toEqual({ outcome: 'cancelled' })
    expect(await create().cancel(first.job, undisturbed)).toEqual({ outcome: 'cancelled' })
    await create().send(newRequest(), undisturbed)
    expect(await sent()).toBe(before + 1)
  })

  test('that later ones wait behind leaves no gap, also when it was never signed', async () => {
    const { create, sent } = newSender()
    const before = await sent()
    const stop = (step: SendStep) => {
      if (step === 'reserved') throw new Error('died')
    }
    const [first, second] = [newRequest(), newRequest()]
    for (const request of [first, second])
      await expect(create({ onStep: stop }).send(request, undisturbed)).rejects.toThrow('died')
    expect(await create().cancel(first.job, undisturbed)).toMatchObject({ outcome: 'cancelled' })
    await create().send(second, undisturbed)
    expect(await sent()).toBe(before + 2)
  })
})
describe('a transaction that is no longer wanted', () => {
  const withdraw = (id: string) => db.update(l1Transactions).set({ withdrawn: true }).where(eq(l1Transactions.id, id))

  test('is replaced by an empty one with its nonce; its job begins anew', async () => {
    const { create, wallet, sent } = newSender()
    const before = await sent()
    const request = newRequest()
    await withoutMining(async () => {
      const sending = create().send(request, undisturbed)
      sending.catch(() => {})
      const first = await firstAttempt(request.job)
      await withdraw(request.job)
      await until(async () => (await attemptsOf(request.job)).length === 2)
      const second = (await attemptsOf(request.job)).find(({ hash }) => hash !== first.hash)!
      await until(async () => (await l1.getTransaction(second.hash)) !== null)
      await l1.send('evm_mine', [])
      await expect(sending).rejects.toThrow(L1TransactionWithdrawnError)
      const mined = (await l1.getTransaction(second.hash))!
      expect([mined.to?.toLowerCase(), mined.data, mined.gasLimit]).toEqual([
        wallet.address.toLowerCase(),
        '0x',
        21_000n,
      ])
    })
    expect(await recordOf(request.job)).toMatchObject({ status: 'cancelled', nonce: before })
    await create().send(request, undisturbed)
    expect(await recordOf(`${request.job}#2`)).toMatchObject({ status: 'mined', nonce: before + 1, withdrawn: false })
  })

  test('counts as mined when L1 was faster', async () => {
    const { create, sent } = newSender()
    const before = await sent()
    const request = newRequest()
    const die = (step: SendStep) => {
      if (step === 'broadcast') throw new Error('died')
    }
    await expect(create({ onStep: die }).send(request, undisturbed)).rejects.toThrow('died')
    await withdraw(request.job)
    await create().settleWithdrawn(undisturbed)
    expect(await recordOf(request.job)).toMatchObject({ status: 'mined' })
    expect(await sent()).toBe(before + 1)
  })

  test.each(STEPS.slice(1, 4))('leaves nothing behind when the process died as it was %s', async (fatal) => {
    const { create, wallet, sent } = newSender()
    const before = await sent()
    const request = newRequest()
    const die = (step: SendStep) => {
      if (step === fatal) throw new Error('died')
    }
    await expect(create({ onStep: die }).send(request, undisturbed)).rejects.toThrow('died')
    await withdraw(request.job)
    for (let times = 0; times < 2; times++) await create().settleWithdrawn(undisturbed)
    const { status } = await recordOf(request.job)
    expect(status).toBe(fatal === 'stored' ? 'cancelled' : 'abandoned')
    await create().send(newRequest(), undisturbed)
    expect(await sent()).toBe(before + (fatal === 'stored' ? 2 : 1))
    expect(await l1.getTransactionCount(wallet.address, 'pending')).toBe(await sent())
  })
})

test('ends at once when it is cancelled', async () => {
  const { create } = newSender()
  const control = new AbortController()
  await withoutMining(async () => {
    const request = newRequest()
    const sending = create().send(request, { ...undisturbed, signal: control.signal })
    await firstAttempt(request.job)
    control.abort(new Error('cancelled'))
    await expect(sending).rejects.toThrow('cancelled')
  })
})
