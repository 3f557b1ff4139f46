import { MockActivityEnvironment } from '@temporalio/testing'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type L1Fixture, rollupData, send, startL1 } from '#contracts/fixture.ts'
import { closeBatch, markBatchChecked, openBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { findLastVirtualBatch, insertSequence, insertVirtualBatch, setCursor, storeL1Block } from '#db/l1.ts'
import { findRevertedVerification, findSenderBalances, withdrawTransactions } from '#db/l1Transactions.ts'
import { createDatabaseObjectStore } from '#db/objects.ts'
import { objects as objectRows } from '#db/proofSchema.ts'
import { insertProof } from '#db/proofs.ts'
import {
  batches,
  forcedBatches,
  l1Blocks,
  l1TransactionAttempts,
  l1Transactions,
  l2Blocks,
  poolTransactions,
  proofs,
  sequences,
  verifications,
} from '#db/schema.ts'
import { createEtherman } from '#etherman/client.ts'
import { createLocalSigner } from '#etherman/l1Signer.ts'
import type { SendStep } from '#etherman/transactionSender.ts'
import type { L1Event } from '#etherman/types.ts'
import { encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { Address, BatchNumber, Hash, type Hex, ZERO_ADDRESS, ZERO_HASH } from '#protocol/primitives.ts'
import { buildFinalProof, finalDigest } from '#prover/finalProof.ts'
import { encodeProof } from '#prover/proofCodec.ts'
import { putProofText } from '#prover/proofTexts.ts'
import { createAttester } from '#prover/signature.ts'
import type { Claims } from '#prover/types.ts'
import { blockOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { signTransfer, wallets } from '#test/sequencing.ts'
import { recordTelling } from '#test/telling.ts'
import { createL1SendingActivities } from './l1Sending.ts'

const TRUSTED_AGGREGATOR_ROLE = '0x084e94f375e9d647f87f5b2ceffba1e062c70f6009fdbcf80291e803b5c9edd4'
const chainId = 1001
const forkId = 9
const marker = encodeChangeL2Block({ deltaTimestamp: 1, indexL1InfoTree: 0 })

const { tell, told } = recordTelling()
let db: Database
let close: () => Promise<void>
let l1: L1Fixture
let snapshot: string

beforeAll(async () => {
  ;[{ db, close }, l1] = await Promise.all([openTestDatabase(), startL1({ threshold: 2 })])
  snapshot = (await l1.provider.send('evm_snapshot', [])) as string
}, 60_000)
afterAll(async () => {
  await Promise.all([close(), l1.stop()])
})

/** Batch 0 genesis, 1 injected and virtual; 2 to 4 closed and checked; 5 closed, 6 open. */
beforeEach(async () => {
  await l1.provider.send('evm_revert', [snapshot])
  snapshot = (await l1.provider.send('evm_snapshot', [])) as string
  for (const table of [l1Transactions, l1Blocks, proofs, poolTransactions, l2Blocks, batches]) await db.delete(table)
  for (const number of [0, 1, 2, 3, 4, 5]) await addBatch(number)
  for (const number of [2, 3, 4]) await markBatchChecked(db, BatchNumber(number))
  await openBatch(db, { batchNumber: BatchNumber(6), kind: 'trusted', forkId, coinbase: sequencer() })
  await followL1()
})

const sequencer = () => Address(l1.sequencer.address)
const rootOf = (number: number) => hashOf(number + 1)

async function addBatch(number: number, changes: { coinbase?: Address; data?: Uint8Array } = {}) {
  const batchNumber = BatchNumber(number)
  const { coinbase = sequencer(), data = marker } = changes
  await openBatch(db, { batchNumber, kind: 'trusted', forkId, coinbase })
  await closeBatch(db, {
    ...{ batchNumber, closingReason: 'test', batchL2Data: data, localExitRoot: hashOf(300 + number) },
    ...{ stateRoot: rootOf(number), lastTimestamp: 1_700_000_000 },
  })
}

const etherman = () => createEtherman({ rpcUrl: l1.url, contracts: l1.deployment, rollupId: 1, requestTimeoutMs: 5000 })

/** As much of what the synchronizer does as these tests look at. */
async function followL1(): Promise<L1Event[]> {
  const client = etherman()
  const head = (await client.getBlock('latest'))!.number
  const found = await client.readEvents({ fromBlock: 0, toBlock: head })
  for (const { block, events } of found) {
    await storeL1Block(db, block, true)
    for (const event of events) {
      if (event.kind !== 'initialSequence' && event.kind !== 'sequence') continue
      const toBatch = event.kind === 'sequence' ? event.toBatch : 1
      const { accInputHash, previousLastBatchSequenced } = await client.readSequencedBatches(toBatch)
      const last = (await findLastVirtualBatch(db))?.batchNumber ?? 0
      const place = { l1BlockNumber: block.number, l1TxHash: event.txHash }
      if (last >= toBatch) continue
      for (let number = last + 1; number <= toBatch; number++)
        await insertVirtualBatch(db, {
          ...{ batchNumber: BatchNumber(number), ...place, sequencer: sequencer(), coinbase: sequencer() },
          ...{ l1InfoRoot: ZERO_HASH, timestampLimit: 1, forcedBlockHashL1: ZERO_HASH, accInputHash },
        })
      const fromBatch = BatchNumber(previousLastBatchSequenced + 1)
      await insertSequence(db, { fromBatch, toBatch: BatchNumber(toBatch), ...place, accInputHash })
    }
  }
  await setCursor(db, head, head)
  return found.flatMap(({ events }) => events)
}

type Limits = {
  batchMaxMs?: number
  maxBatches?: number
  maxTransactionBytes?: number
  onStep?: (step: SendStep) => void
}

function activities({ batchMaxMs = 10_000, maxBatches = 20, maxTransactionBytes = 131_072, onStep }: Limits = {}) {
  const { deployment } = l1
  return createL1SendingActivities({
    ...{ db, objects: createDatabaseObjectStore(db) },
    config: {
      network: {
        ...{ name: 'test', chainId, forkId, l1ChainId: 1337, rollupId: 1, contracts: deployment },
        ...{ l1StartBlock: 0, genesisFile: '', verifier: 'attestation', attestersRequired: 1 },
      },
      l1: {
        rpcUrls: [l1.url],
        pollIntervalMs: 100,
        maxBlockRange: 1000,
        requestTimeoutMs: 5000,
        bumpAfterMs: 60_000,
        lowBalanceWei: 0n,
        ...{ maxParallel: 8, follow: 'latest' },
      },
      sequencer: { batchMaxMs },
      sequenceSender: { waitMs: 5000, maxBatches, maxTransactionBytes, maxGas: 10_000_000, maxAgeMs: 600_000 },
    },
    signers: {
      sequencer: createLocalSigner(l1.sequencer.privateKey as Hex),
      aggregator: createLocalSigner(l1.aggregator.privateKey as Hex),
    },
    tell,
    ...(onStep && { pace: { onStep } }),
  })
}

type Place = { l1TxHash: Hash; l1BlockNumber: number }
const sendSequence = (fromBatch: number, toBatch: number, limits: Limits = {}) =>
  new MockActivityEnvironment().run(activities(limits).sendSequence, { fromBatch, toBatch }) as Promise<Place>
const planSequence = (limits: Limits = {}) => new MockActivityEnvironment().run(activities(limits).planSequence)
const sendVerification = (fromBatch: number, toBatch: number, proofId: string) =>
  new MockActivityEnvironment().run(activities().sendVerification, { fromBatch, toBatch, proofId }) as Promise<Place>

test('plans batches that are closed and checked, from the first one that L1 lacks', async () => {
  const plan = { fromBatch: 2, toBatch: 4, full: false, waitMs: 5000 }
  expect(await planSequence()).toEqual(plan)
  expect(await planSequence({ maxBatches: 3 })).toEqual({ ...plan, full: true })
  expect(await planSequence({ maxBatches: 2 })).toEqual({ ...plan, toBatch: 3, full: true })
  await db
    .update(batches)
    .set({ checkedAt: null })
    .where(eq(batches.batchNumber, BatchNumber(3)))
  expect(await planSequence()).toEqual({ ...plan, toBatch: 2 })
  await db
    .update(batches)
    .set({ checkedAt: null })
    .where(eq(batches.batchNumber, BatchNumber(2)))
  expect(await planSequence()).toBeNull()
})

test('waits for more only when more can come in time', async () => {
  const { block } = blockOf(1, 6)
  await markBatchChecked(db, BatchNumber(5))
  expect(await planSequence()).toMatchObject({ toBatch: 5, full: true })
  expect(await planSequence({ batchMaxMs: 4999 })).toMatchObject({ toBatch: 5, full: false })
  await db.insert(l2Blocks).values({ ...block, txCount: 0 })
  expect(await planSequence()).toMatchObject({ full: true })
  await db.update(l2Blocks).set({ txCount: 1 })
  expect(await planSequence()).toMatchObject({ full: false })
  await db.delete(l2Blocks)
  await db.insert(poolTransactions).values(await signTransfer(wallets[0]!, 0))
  expect(await planSequence()).toMatchObject({ full: false })
  await db.update(poolTransactions).set({ status: 'rejected' })
  expect(await planSequence()).toMatchObject({ full: true })
})

test('does not plan over a gap', async () => {
  await db.delete(batches).where(eq(batches.batchNumber, BatchNumber(2)))
  expect(await planSequence()).toBeNull()
})

test('a sequence has one coinbase and fits a transaction; one batch alone always goes', async () => {
  expect(await planSequence({ maxTransactionBytes: 1100 })).toMatchObject({ toBatch: 3, full: true })
  expect(await planSequence({ maxTransactionBytes: 1 })).toMatchObject({ toBatch: 2, full: true })
  await db
    .update(batches)
    .set({ coinbase: Address(`0x${'c1'.repeat(20)}`) })
    .where(eq(batches.batchNumber, BatchNumber(4)))
  expect(await planSequence()).toMatchObject({ toBatch: 3, full: true })
})

test('sends a sequence; L1 has those batches, and they are not planned again', async () => {
  const place = await sendSequence(2, 3)
  expect((await rollupData(l1)).lastBatchSequenced).toBe(3n)
  // Before the synchronizer has read it, and after.
  expect(await planSequence()).toMatchObject({ fromBatch: 4, toBatch: 4 })
  const event = (await followL1()).find(({ kind }) => kind === 'sequence')
  expect(event).toMatchObject({
    ...{ toBatch: 3, txHash: place.l1TxHash, coinbase: sequencer(), timestampLimit: 1_700_000_000 },
    batches: [{ batchL2Data: marker }, { batchL2Data: marker }],
  })
  expect(await planSequence()).toMatchObject({ fromBatch: 4, toBatch: 4 })
  expect(await sendSequence(2, 3)).toEqual(place)
})

test('a sequence that was begun is finished first, and sent once', async () => {
  const die = (step: SendStep) => {
    if (step === 'broadcast') throw new Error('died')
  }
  await expect(sendSequence(2, 3, { onStep: die })).rejects.toThrow('died')
  expect(await planSequence()).toMatchObject({ fromBatch: 2, toBatch: 3, full: true })
  await sendSequence(2, 3)
  expect((await rollupData(l1)).lastBatchSequenced).toBe(3n)
  expect((await followL1()).filter(({ kind }) => kind === 'sequence')).toHaveLength(1)
})

test('a sequence that a reorg took before it was read is sent again', async () => {
  const before = (await l1.provider.send('evm_snapshot', [])) as string
  const { l1BlockNumber, l1TxHash } = await sendSequence(2, 4)
  await l1.provider.send('evm_revert', [before])
  await l1.provider.send('anvil_mine', ['0x3'])
  expect(await planSequence()).toBeNull() // not known to be lost
  await setCursor(db, l1BlockNumber + 1, l1BlockNumber + 1)
  expect(await planSequence()).toMatchObject({ fromBatch: 2, toBatch: 4 })
  expect((await sendSequence(2, 4)).l1TxHash).toBe(l1TxHash)
  expect((await rollupData(l1)).lastBatchSequenced).toBe(4n)
})

test('a sequence that a reorg took goes before the next one, which was planned before', async () => {
  const before = (await l1.provider.send('evm_snapshot', [])) as string
  const first = await sendSequence(2, 3)
  await l1.provider.send('evm_revert', [before])
  await l1.provider.send('anvil_mine', ['0x3'])
  // Not known to be lost: no objection of the contract, only too early.
  await expect(sendSequence(4, 4)).rejects.toMatchObject({ name: 'EarlierSequenceLostError' })
  await setCursor(db, first.l1BlockNumber + 1, first.l1BlockNumber + 1)
  expect(await planSequence()).toMatchObject({ fromBatch: 2, toBatch: 3 })
  await sendSequence(4, 4)
  expect((await rollupData(l1)).lastBatchSequenced).toBe(4n)
  const sequences = (await followL1()).filter((event) => event.kind === 'sequence')
  expect(sequences).toMatchObject([{ toBatch: 3, txHash: first.l1TxHash }, { toBatch: 4 }])
})

test('lets the rollup pull its fee before the first sequence', async () => {
  const { rollup } = l1.deployment
  await send(l1.pol, 'approve', [rollup, 0], { from: l1.sequencer })
  await sendSequence(2, 2)
  expect(await l1.pol.getFunction('allowance')(l1.sequencer.address, rollup)).toBeGreaterThan(10n ** 30n)
  const purposes = (await db.select().from(l1Transactions)).map(({ purpose }) => purpose).sort()
  expect(purposes).toEqual(['approve', 'sequence'])
})

test('names what the rollup contract objects to', async () => {
  await expect(sendSequence(3, 4)).rejects.toMatchObject({ name: 'SequenceRevertedError' })
  await expect(sendSequence(3, 4)).rejects.toThrow('revert=InitSequencedBatchDoesNotMatch')
  expect(await db.select().from(l1Transactions)).toEqual([])
})

test('sequences a forced batch with what L1 keeps of it, after a regular one', async () => {
  const fee = await l1.manager.getFunction('getForcedBatchFee').staticCall()
  await send(l1.rollup, 'setForceBatchAddress', [ZERO_ADDRESS], { from: l1.admin })
  await send(l1.rollup, 'forceBatch', ['0xf00d', fee])
  for (const event of await followL1()) if (event.kind === 'forceBatch') await storeForced(event)
  const data = Uint8Array.of(0xf0, 0x0d)
  await db
    .update(batches)
    .set({ kind: 'forced', forcedBatchNumber: 1, batchL2Data: data })
    .where(eq(batches.batchNumber, BatchNumber(3)))
  await sendSequence(2, 3)
  expect((await followL1()).find(({ kind }) => kind === 'sequence')).toMatchObject({
    batches: [{ forcedTimestamp: 0 }, { batchL2Data: data, forcedTimestamp: expect.any(Number) }],
  })
  expect(await l1.rollup.getFunction('lastForceBatchSequenced').staticCall()).toBe(1n)
})

async function storeForced(event: Extract<L1Event, { kind: 'forceBatch' }>) {
  const block = await (await l1.provider.getTransactionReceipt(event.txHash))!.getBlock()
  await db.insert(forcedBatches).values({
    ...{ forcedBatchNumber: event.forcedBatchNumber, l1BlockNumber: block.number, l1TxHash: event.txHash },
    ...{ sender: event.sender, batchL2Data: event.batchL2Data, forcedGlobalExitRoot: event.lastGlobalExitRoot },
    ...{ forcedTimestamp: block.timestamp, forcedBlockHashL1: Hash(block.parentHash) },
  })
}

test('has nothing to send when batches are not there or not checked any more', async () => {
  await expect(sendSequence(2, 5)).rejects.toMatchObject({ name: 'L1TransactionWithdrawnError' })
})

test('a sequence of batches that are undone becomes an empty transaction before anything is planned', async () => {
  await l1.provider.send('evm_setAutomine', [false])
  try {
    const die = (step: SendStep) => {
      if (step === 'broadcast') throw new Error('died')
    }
    await expect(sendSequence(2, 3, { onStep: die })).rejects.toThrow('died')
    await withdrawTransactions(db, BatchNumber(3))
    const planned = planSequence()
    const attempts = () => db.select().from(l1TransactionAttempts).where(eq(l1TransactionAttempts.cancels, true))
    await expect.poll(async () => (await attempts()).length).toBe(1)
    await l1.provider.send('evm_mine', [])
    expect(await planned).toMatchObject({ fromBatch: 2, toBatch: 4 })
  } finally {
    await l1.provider.send('evm_setAutomine', [true])
  }
  expect((await rollupData(l1)).lastBatchSequenced).toBe(1n)
  await sendSequence(2, 3) // a new job by the name of the old one
  expect((await rollupData(l1)).lastBatchSequenced).toBe(3n)
  expect((await followL1()).filter(({ kind }) => kind === 'sequence')).toHaveLength(1)
})

async function storeFinalProof(changes: Partial<Claims> = {}): Promise<string> {
  const acc = async (number: number) => (await etherman().readSequencedBatches(number)).accInputHash
  // The rollup was created with a genesis root of its own, which is batch 0's here.
  const claims: Claims = {
    ...{ chainId, forkId, oldBatchNumber: BatchNumber(0), newBatchNumber: BatchNumber(4) },
    ...{ oldStateRoot: rootOf(0), oldAccInputHash: ZERO_HASH },
    ...{ newStateRoot: rootOf(4), newAccInputHash: await acc(4), newLocalExitRoot: hashOf(304), ...changes },
  }
  const domain = { l1ChainId: 1337, verifier: l1.deployment.verifier }
  const aggregator = Address(l1.aggregator.address)
  const digest = finalDigest(domain, claims, aggregator)
  const signatures = l1.attesters.slice(0, 2).map(({ privateKey }) => createAttester(privateKey as Hex).sign(digest))
  const proof = encodeProof(buildFinalProof(domain, { claims, aggregator, signatures }))
  const range = { fromBatch: BatchNumber(1), toBatch: BatchNumber(4) }
  const objects = createDatabaseObjectStore(db)
  await db.delete(objectRows)
  await putProofText(objects, 'final', proof)
  const row = { proofId: 'final', kind: 'final', ...range, prover: 'test', proverKind: 'embedded' } as const
  await insertProof(db, row)
  return 'final'
}

test('sends a verification that the contracts accept', async () => {
  await sendSequence(2, 4)
  await followL1()
  const place = await sendVerification(1, 4, await storeFinalProof())
  expect(told).toEqual([1, 2, 3, 4].map((number) => `batch-${number} verificationStarted`))
  const client = etherman()
  expect(await client.readStateRoot(4)).toBe(rootOf(4))
  expect((await client.readProgress()).lastVerifiedBatch).toBe(4)
  expect((await followL1()).find(({ kind }) => kind === 'verification')).toMatchObject({
    ...{ toBatch: 4, stateRoot: rootOf(4), exitRoot: hashOf(304), trusted: true, txHash: place.l1TxHash },
  })
  expect(await sendVerification(1, 4, 'final')).toEqual(place)
})

test('a proof that states something else, or that is not known as accepted, is not sent', async () => {
  await sendSequence(2, 4)
  await followL1()
  const proofId = await storeFinalProof({ newLocalExitRoot: hashOf(9) })
  await expect(sendVerification(1, 4, proofId)).rejects.toMatchObject({ name: 'ProofMismatchError' })
  await expect(sendVerification(1, 4, proofId)).rejects.toThrow('field=newLocalExitRoot')
  await storeFinalProof()
  await db.delete(proofs)
  await expect(sendVerification(1, 4, proofId)).rejects.toMatchObject({ name: 'ProofNotFoundError' })
})

test('names what the rollup manager objects to', async () => {
  await sendSequence(2, 4)
  await followL1()
  const proofId = await storeFinalProof()
  await send(l1.manager, 'revokeRole', [TRUSTED_AGGREGATOR_ROLE, l1.aggregator.address])
  await expect(sendVerification(1, 4, proofId)).rejects.toMatchObject({ name: 'VerificationRevertedError' })
  await expect(sendVerification(1, 4, proofId)).rejects.toThrow('revert=AddressDoNotHaveRequiredRole')
})

/** Mines what waits, with the aggregator's role taken away before it and given back after it. */
async function mineWithoutRole(): Promise<void> {
  const role = [TRUSTED_AGGREGATOR_ROLE, l1.aggregator.address]
  const fees = { gasLimit: 200_000, maxPriorityFeePerGas: 10n ** 11n, maxFeePerGas: 10n ** 12n }
  await l1.manager.getFunction('revokeRole').send(...role, fees)
  await l1.provider.send('evm_mine', [])
  await l1.provider.send('evm_setAutomine', [true])
  await send(l1.manager, 'grantRole', role)
}

async function broadcastVerification(proofId: string) {
  await l1.provider.send('evm_setAutomine', [false])
  const environment = new MockActivityEnvironment()
  let sending: Promise<unknown> | undefined
  await new Promise<void>((resolve, reject) => {
    const { sendVerification } = activities({ onStep: (step) => step === 'broadcast' && resolve() })
    sending = environment.run(sendVerification, { fromBatch: 1, toBatch: 4, proofId })
    sending.catch(reject)
  })
  return { sending: sending!, environment }
}

const aggregatorNonce = () => l1.provider.getTransactionCount(l1.aggregator.address)

test('a verification that reverted on L1 is not sent again before somebody looked', async () => {
  await sendSequence(2, 4)
  await followL1()
  const { sending } = await broadcastVerification(await storeFinalProof())
  const failed = expect(sending).rejects.toMatchObject({ name: 'VerificationRevertedError' })
  await mineWithoutRole()
  await failed
  const nonce = await aggregatorNonce()
  const again = sendVerification(1, 4, 'final') // by simulation it would be taken now
  await expect(again).rejects.toMatchObject({ name: 'VerificationHeldError' })
  await expect(again).rejects.toThrow('reverted=verify-1-4')
  await send(l1.manager, 'revokeRole', [TRUSTED_AGGREGATOR_ROLE, l1.aggregator.address])
  await expect(sendVerification(1, 4, 'final')).rejects.toThrow('revert=AddressDoNotHaveRequiredRole')
  await send(l1.manager, 'grantRole', [TRUSTED_AGGREGATOR_ROLE, l1.aggregator.address])
  expect(await aggregatorNonce()).toBe(nonce)
  const approved = { fromBatch: 1, toBatch: 4, proofId: 'final', afterRevert: true }
  await new MockActivityEnvironment().run(activities().sendVerification, approved)
  expect((await etherman().readProgress()).lastVerifiedBatch).toBe(4)
  expect(await findRevertedVerification(db)).toBeUndefined()
})

test('nor when the process was away while it reverted', async () => {
  await sendSequence(2, 4)
  await followL1()
  const { sending, environment } = await broadcastVerification(await storeFinalProof())
  environment.cancel()
  await sending.catch(() => {})
  await mineWithoutRole()
  const nonce = await aggregatorNonce()
  await expect(sendVerification(1, 4, 'final')).rejects.toMatchObject({ name: 'VerificationRevertedError' })
  await expect(sendVerification(1, 4, 'final')).rejects.toMatchObject({ name: 'VerificationHeldError' })
  expect(await aggregatorNonce()).toBe(nonce)
})

test('one that lost against another aggregator holds nothing up', async () => {
  await sendSequence(2, 4)
  await followL1()
  const { sending } = await broadcastVerification(await storeFinalProof())
  const failed = expect(sending).rejects.toMatchObject({ name: 'VerificationRevertedError' })
  await mineWithoutRole()
  await failed
  expect(await findRevertedVerification(db)).toMatchObject({ id: 'verify-1-4' })
  await db.insert(verifications).values({
    ...{ fromBatch: BatchNumber(1), toBatch: BatchNumber(4), stateRoot: rootOf(4), exitRoot: hashOf(304) },
    ...{ l1TxHash: hashOf(9), aggregator: Address(l1.stranger.address), trusted: true },
    l1BlockNumber: (await db.select().from(l1Blocks))[0]!.blockNumber,
  })
  expect(await findRevertedVerification(db)).toBeUndefined()
})

test('nor does one that L1 took before its sequence, as after a reorg, or that was no longer wanted', async () => {
  await sendSequence(2, 4)
  await followL1()
  const { sending } = await broadcastVerification(await storeFinalProof())
  const failed = expect(sending).rejects.toMatchObject({ name: 'VerificationRevertedError' })
  await mineWithoutRole()
  await failed
  const [row] = await db.select().from(l1Transactions).where(eq(l1Transactions.id, 'verify-1-4'))
  const [sequence] = await db
    .select()
    .from(sequences)
    .where(eq(sequences.toBatch, BatchNumber(4)))
  const revertedAt = async (l1BlockNumber: number) => {
    await db.update(l1Transactions).set({ l1BlockNumber }).where(eq(l1Transactions.id, row!.id))
    return await findRevertedVerification(db)
  }
  expect(await revertedAt(sequence!.l1BlockNumber)).toBeUndefined()
  expect(await revertedAt(sequence!.l1BlockNumber + 1)).toMatchObject({ id: 'verify-1-4' })
  await withdrawTransactions(db, BatchNumber(4))
  expect(await findRevertedVerification(db)).toBeUndefined()
})

test('the workflow of a transaction is told what is out there, and the balance is noted', async () => {
  const environment = new MockActivityEnvironment({
    workflowExecution: { workflowId: 'l1-sequence-2-4', runId: 'run' },
  })
  told.length = 0
  await environment.run(activities().sendSequence, { fromBatch: 2, toBatch: 4 })
  const row = (await findSenderBalances(db)).find(({ address }) => address === sequencer())
  expect(row).toMatchObject({ alarmWei: 0n })
  expect(row!.balanceWei).toBeGreaterThan(10n ** 18n)
  expect(new Set(told)).toEqual(new Set(['l1-sequence-2-4 l1TransactionProgressed']))
})

test('a sequence is cancelled by the name of its job', async () => {
  const cancel = (job: string) => new MockActivityEnvironment().run(activities().cancelL1Transaction, { job })
  expect(await cancel('sequence-2-4')).toEqual({ outcome: 'nothing to cancel' })
  const place = await sendSequence(2, 4)
  expect(await cancel('sequence-2-4')).toEqual({ outcome: 'mined', ...place })
})
