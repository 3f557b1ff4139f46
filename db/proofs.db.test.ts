import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAcceptanceActivities } from '#activities/acceptance.ts'
import { encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { L1InfoTree, l1InfoLeafHash, verifyL1InfoProof } from '#protocol/l1InfoTree.ts'
import { BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { mergeAttestations, signClaims } from '#prover/attestations.ts'
import { buildFinalProof, combineFinalProofs, finalDigest } from '#prover/finalProof.ts'
import { decodeJobInputs } from '#prover/jobInputs.ts'
import { contentDigest } from '#prover/objectStore.ts'
import { decodeAttestationProof, encodeProof } from '#prover/proofCodec.ts'
import type { ProofKind } from '#prover/proofStore.ts'
import { getProofText, putProofText } from '#prover/proofTexts.ts'
import type { AttestationProof, Claims, FinalProof } from '#prover/types.ts'
import { addressOf, blockOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { ATTESTERS, DOMAIN } from '#test/proofs.ts'
import { recordTelling } from '#test/telling.ts'
import { createProofAttempts } from './attempts.ts'
import { closeBatch, openBatch } from './batches.ts'
import { storeBlock } from './blocks.ts'
import type { Database } from './client.ts'
import { createInputsPreparation } from './jobInputs.ts'
import { createDatabaseObjectStore } from './objects.ts'
import {
  createL1InfoProofs,
  ProofInputsMissingError,
  readBatchInputs,
  readExpectedClaims,
  readTrustedInputs,
} from './proofInputs.ts'
import { objects as objectRows } from './proofSchema.ts'
import {
  deleteProofsFrom,
  findProof,
  findWitness,
  getProof,
  insertProof,
  ProofNotFoundError,
  storeWitness,
} from './proofs.ts'
import { forcedBatches, l1Blocks, l1InfoLeaves, proofs, virtualBatches } from './schema.ts'

const chainId = 1001
const coinbase = addressOf(0xc0)
const batch = BatchNumber
const [attester, stranger, aggregator] = [ATTESTERS[0]!, ATTESTERS[1]!, addressOf(0xa9)]
const leaves = [0, 1, 2, 3].map((index) => ({
  globalExitRoot: hashOf(500 + index),
  blockHashL1: hashOf(600 + index),
  timestamp: 1_600_000_000 + index,
}))
const infoTree = new L1InfoTree()
for (const leaf of leaves) infoTree.appendLeaf(leaf)

const { tell, told } = recordTelling()
let db: Database
let close: () => Promise<void>

/** Batch 0 genesis; 1 trusted and virtual, naming leaf 2 of 3; 2 forced and virtual; 3 closed, unknown to L1. */
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
  await addBatch(0, { kind: 'genesis' })
  await addBatch(1, { batchL2Data: encodeChangeL2Block({ deltaTimestamp: 1, indexL1InfoTree: 2 }) })
  await addBatch(2, { kind: 'forced', batchL2Data: new Uint8Array([0xff]), forcedBatchNumber: 1 })
  await addBatch(3, { batchL2Data: encodeChangeL2Block({ deltaTimestamp: 1, indexL1InfoTree: 3 }) })
  await db
    .insert(l1Blocks)
    .values({ blockNumber: 10, hash: hashOf(10), parentHash: hashOf(9), timestamp: 1_600_000_000, hasEvents: true })
  await db.insert(l1InfoLeaves).values(
    leaves.map((leaf, leafIndex) => ({
      leafIndex,
      l1BlockNumber: 10,
      mainnetExitRoot: ZERO_HASH,
      rollupExitRoot: ZERO_HASH,
      ...leaf,
      leafHash: l1InfoLeafHash(leaf),
      l1InfoRoot: infoTree.rootAt(leafIndex + 1),
    })),
  )
  await db.insert(forcedBatches).values({
    ...{ forcedBatchNumber: 1, l1BlockNumber: 10, l1TxHash: hashOf(11), sender: addressOf(5) },
    ...{ batchL2Data: new Uint8Array([0xff]), forcedGlobalExitRoot: hashOf(51), forcedTimestamp: 1_600_000_777 },
    forcedBlockHashL1: hashOf(52),
  })
  const onL1 = { l1BlockNumber: 10, l1TxHash: hashOf(12), sequencer: addressOf(6), coinbase }
  await db.insert(virtualBatches).values([
    {
      ...{ ...onL1, batchNumber: batch(1), l1InfoRoot: infoTree.rootAt(3), timestampLimit: 1_700_000_050 },
      ...{ forcedBlockHashL1: ZERO_HASH, accInputHash: hashOf(401) },
    },
    {
      ...{ ...onL1, batchNumber: batch(2), l1InfoRoot: hashOf(51), timestampLimit: 1_600_000_777 },
      ...{ forcedBlockHashL1: hashOf(52), accInputHash: hashOf(402) },
    },
  ])
})
afterAll(() => close())
beforeEach(async () => {
  await db.delete(proofs)
  await db.delete(objectRows)
  told.length = 0
})

async function addBatch(
  number: number,
  { kind = 'trusted', ...fields }: Partial<Parameters<typeof openBatch>[1]> & { batchL2Data?: Uint8Array } = {},
) {
  const { batchL2Data = new Uint8Array(), ...rest } = fields
  await openBatch(db, { batchNumber: batch(number), kind, forkId: 9, coinbase, ...rest })
  await storeBlock(db, blockOf(number, number))
  await closeBatch(db, {
    ...{ batchNumber: batch(number), closingReason: 'test', batchL2Data, lastTimestamp: 1_700_000_000 + number },
    ...{ stateRoot: hashOf(100 + number), localExitRoot: hashOf(300 + number) },
  })
}

const objects = () => createDatabaseObjectStore(db)
const inputsOf = (number: number, infoTree = createL1InfoProofs()) =>
  readBatchInputs(db, { chainId, batchNumber: batch(number) }, infoTree)

describe('inputs', () => {
  test('of a virtual batch are those L1 fixed, with leaves proven against the root of its sequence', async () => {
    const { inputs, claimed } = await inputsOf(1)
    const { l1InfoTreeData, batchL2Data, ...fixed } = inputs
    expect(fixed).toEqual({
      ...{ batchNumber: 1, forkId: 9, chainId, coinbase, oldStateRoot: hashOf(100), oldAccInputHash: ZERO_HASH },
      ...{ l1InfoRoot: infoTree.rootAt(3), timestampLimit: 1_700_000_050, forcedBlockHashL1: ZERO_HASH },
    })
    expect([...l1InfoTreeData.keys()]).toEqual([2])
    const { proof, minTimestamp } = l1InfoTreeData.get(2)!
    expect(minTimestamp).toBe(leaves[2]!.timestamp)
    const statement = { leaf: l1InfoLeafHash(leaves[2]!), index: 2, proof }
    expect(verifyL1InfoProof({ ...statement, root: inputs.l1InfoRoot })).toBe(true)
    expect(claimed).toMatchObject({
      newStateRoot: hashOf(101),
      newAccInputHash: hashOf(401),
      newLocalExitRoot: hashOf(301),
    })
    expect(claimed.blocks.map(({ blockNumber }) => blockNumber)).toEqual([1])
  })

  test('of a forced batch name no leaf and start from the accumulated hash before it', async () => {
    const { inputs } = await inputsOf(2)
    expect(inputs.l1InfoTreeData.size).toBe(0)
    expect(inputs).toMatchObject({
      oldAccInputHash: hashOf(401),
      l1InfoRoot: hashOf(51),
      forcedBlockHashL1: hashOf(52),
    })
  })

  test('of a batch that L1 does not hold are missing to the prover, and trusted to the check', async () => {
    await expect(inputsOf(3)).rejects.toThrow(ProofInputsMissingError)
    const { inputs } = await readTrustedInputs(db, { chainId, batchNumber: batch(3) })
    expect(inputs).toMatchObject({ timestampLimit: 1_700_000_003, l1InfoRoot: ZERO_HASH, oldStateRoot: hashOf(102) })
    expect(inputs.l1InfoTreeData.get(3)).toEqual({
      globalExitRoot: hashOf(503),
      blockHashL1: hashOf(603),
      minTimestamp: 1_600_000_003,
      proof: [],
    })
  })

  test('of a forced batch that L1 has not sequenced yet come from where it was forced', async () => {
    await addBatch(4, { kind: 'forced', forcedBatchNumber: 1 })
    const { inputs } = await readTrustedInputs(db, { chainId, batchNumber: batch(4) })
    expect(inputs).toMatchObject({
      timestampLimit: 1_600_000_777,
      l1InfoRoot: hashOf(51),
      forcedBlockHashL1: hashOf(52),
    })
  })

  test('whose leaves changed by an L1 reorg are proven against the new leaves', async () => {
    const infoTreeBefore = createL1InfoProofs()
    await inputsOf(1, infoTreeBefore)
    const changed = new L1InfoTree()
    const others = leaves.slice(0, 3).map((leaf) => ({ ...leaf, timestamp: leaf.timestamp + 5 }))
    for (const leaf of others) changed.appendLeaf(leaf)
    const rewrite = async (list: typeof leaves, tree: L1InfoTree) => {
      for (const [leafIndex, leaf] of list.entries())
        await db
          .update(l1InfoLeaves)
          .set({ ...leaf, leafHash: l1InfoLeafHash(leaf), l1InfoRoot: tree.rootAt(leafIndex + 1) })
          .where(eq(l1InfoLeaves.leafIndex, leafIndex))
      const l1InfoRoot = tree.rootAt(3)
      await db
        .update(virtualBatches)
        .set({ l1InfoRoot })
        .where(eq(virtualBatches.batchNumber, batch(1)))
    }
    await rewrite(others, changed)
    const { inputs } = await inputsOf(1, infoTreeBefore)
    const { proof } = inputs.l1InfoTreeData.get(2)!
    expect(verifyL1InfoProof({ leaf: l1InfoLeafHash(others[2]!), index: 2, proof, root: changed.root })).toBe(true)
    await rewrite(leaves, infoTree)
  })
})

describe('inputs for provers', () => {
  const prepare = (number: number) => createInputsPreparation({ db, objects: objects(), chainId })(batch(number))
  const content = (key: string) => objects().get(key)

  test('are what the State DB holds, under keys that name them', async () => {
    const witness = new Uint8Array([1, 2, 3])
    await storeWitness(db, { batchNumber: batch(1), oldStateRoot: hashOf(100), witness })
    const prepared = await prepare(1)
    const { inputs, claimed } = await inputsOf(1)
    const batchL2Data = Uint8Array.from(inputs.batchL2Data)
    expect(decodeJobInputs(await content(prepared.inputsKey))).toEqual({ inputs: { ...inputs, batchL2Data }, claimed })
    expect([...(await content(prepared.witnessKey))]).toEqual([1, 2, 3])
    expect(prepared.inputsKey).toBe(`inputs/1/${prepared.digest}`)
    expect(prepared.witnessKey).toBe(`witness/1/${contentDigest(witness)}`)
    expect(await prepare(1)).toEqual(prepared)
  })

  test('have other keys when L1 fixed other inputs, or the batch was made again', async () => {
    await storeWitness(db, { batchNumber: batch(1), oldStateRoot: hashOf(100), witness: new Uint8Array([1]) })
    const before = await prepare(1)
    const setHash = (accInputHash: Hash) =>
      db
        .update(virtualBatches)
        .set({ accInputHash })
        .where(eq(virtualBatches.batchNumber, batch(1)))
    await setHash(hashOf(999))
    await storeWitness(db, { batchNumber: batch(1), oldStateRoot: hashOf(100), witness: new Uint8Array([2]) })
    const after = await prepare(1)
    await setHash(hashOf(401))
    expect(after.inputsKey).not.toBe(before.inputsKey)
    expect([...(await content(after.witnessKey))]).toEqual([2])
    expect(decodeJobInputs(await content(after.inputsKey)).claimed.newAccInputHash).toBe(hashOf(999))
    expect(decodeJobInputs(await content(before.inputsKey)).claimed.newAccInputHash).toBe(hashOf(401))
  })

  test('are missing while L1 does not hold the batch, or without a witness against its old root', async () => {
    await expect(prepare(3)).rejects.toThrow(ProofInputsMissingError)
    await storeWitness(db, { batchNumber: batch(2), oldStateRoot: hashOf(99), witness: new Uint8Array([1]) })
    await expect(prepare(2)).rejects.toThrow('The batch has no witness against this root.')
  })
})

describe('witnesses and proofs', () => {
  test('a witness is found for its old root only, and a batch made again replaces it', async () => {
    const row = { batchNumber: batch(1), oldStateRoot: hashOf(100), witness: new Uint8Array([1]) }
    await storeWitness(db, row)
    await storeWitness(db, { ...row, witness: new Uint8Array([2, 3]) })
    expect([...(await findWitness(db, batch(1), hashOf(100)))!]).toEqual([2, 3])
    expect(await findWitness(db, batch(1), hashOf(99))).toBeUndefined()
  })

  test('the first proof of a name stays', async () => {
    await insertProof(db, stored(1, 1, 'batch'))
    await insertProof(db, { ...stored(1, 1, 'batch'), prover: 'other', proverKind: 'remote' })
    expect(await getProof(db, 'batch-1-1')).toMatchObject({ ...stored(1, 1, 'batch'), createdAt: expect.any(Date) })
    expect(await findProof(db, 'nobody')).toBeUndefined()
    await expect(getProof(db, 'nobody')).rejects.toThrow(ProofNotFoundError)
  })

  test('when L1 forgets a batch, every proof that covers it or a later one goes', async () => {
    for (const [from, to] of [
      [1, 1],
      [1, 2],
      [2, 2],
    ] as const)
      await insertProof(db, stored(from, to, 'batch'))
    await deleteProofsFrom(db, batch(2))
    expect((await db.select().from(proofs)).map(({ proofId }) => proofId)).toEqual(['batch-1-1'])
  })
})

const stored = (from: number, to: number, kind: ProofKind) => {
  return {
    proofId: `${kind}-${from}-${to}`,
    kind,
    fromBatch: batch(from),
    toBatch: batch(to),
    prover: 'test',
    proverKind: 'embedded',
  } as const
}

describe('acceptance', () => {
  const dependencies = () => ({
    ...{ db, proofDb: db, objects: objects(), chainId, domain: DOMAIN, aggregator, tell },
    ...{ attesters: [attester.address], attestersRequired: 1 },
  })
  const expected = (from: number, to: number) =>
    readExpectedClaims(db, { chainId, fromBatch: batch(from), toBatch: batch(to) })
  const attest = (claims: Claims, by = attester) => signClaims(DOMAIN, claims, by)
  const forge = (claims: Claims): AttestationProof => {
    const attestations = attest(claims, stranger).attestations.map((one) => ({ ...one, attester: attester.address }))
    return { ...attest(claims), attestations }
  }
  /** What a prover made of a job. */
  const put = async (partId: string, proof: AttestationProof | FinalProof) => {
    await putProofText(objects(), partId, encodeProof(proof))
    return partId
  }
  const range = { fromBatch: 1, toBatch: 2 }

  test('true proofs are noted with who made them, and the aggregator is told', async () => {
    const activities = createAcceptanceActivities(dependencies())
    const { attemptId } = await createProofAttempts(db).start({
      ...{ jobId: 'batch-1-r1', kind: 'batch', fromBatch: batch(1), toBatch: batch(1) },
    })
    await createProofAttempts(db).assign(attemptId, { proverId: 'p', proverName: 'farm', proverKind: 'remote' })
    const ofOne = await put('batch-1-r1', attest(await expected(1, 1)))
    await activities.acceptBatchProof({ batchNumber: 1, proofId: 'batch-1-r1', parts: [ofOne] })
    expect(told).toEqual(['aggregator proofReady'])
    const claims = await expected(1, 2)
    const joined = await put('joined-1-2', attest(claims))
    await activities.acceptJoinedProof({ ...range, proofId: 'joined-1-2', parts: [joined] })
    const signatures = [attester.sign(finalDigest(DOMAIN, claims, aggregator))]
    const final = await put('final-1-2', buildFinalProof(DOMAIN, { claims, aggregator, signatures }))
    await activities.acceptFinalProof({ ...range, proofId: 'final-1-2', parts: [final] })
    const rows = (await db.select().from(proofs)).map(({ createdAt: _, ...row }) => row)
    expect(rows).toEqual([
      { ...stored(1, 1, 'batch'), proofId: 'batch-1-r1', prover: 'farm', proverKind: 'remote' },
      { ...stored(1, 2, 'aggregated'), proofId: 'joined-1-2', prover: '' },
      { ...stored(1, 2, 'final'), proofId: 'final-1-2', prover: '' },
    ])
  })

  test('what two attesters made is accepted as one proof, and no part of it alone', async () => {
    const attesters = [attester, stranger].map(({ address }) => address)
    const activities = createAcceptanceActivities({ ...dependencies(), attesters, attestersRequired: 2 })
    const claims = await expected(1, 2)
    const parts = [await put('j-2', attest(claims, stranger)), await put('j-1', attest(claims))]
    const alone = activities.acceptJoinedProof({ ...range, proofId: 'j', parts: [parts[0]!] })
    await expect(alone).rejects.toThrow('field=attestations claimed=1 expected=2')
    await activities.acceptJoinedProof({ ...range, proofId: 'j', parts })
    const merged = mergeAttestations([attest(claims), attest(claims, stranger)])
    expect(decodeAttestationProof(await getProofText(objects(), 'j'))).toEqual(merged)
    const finals = [stranger, attester].map((by) =>
      buildFinalProof(DOMAIN, { claims, aggregator, signatures: [by.sign(finalDigest(DOMAIN, claims, aggregator))] }),
    ) as [FinalProof, FinalProof]
    const finalParts = [await put('f-2', finals[0]), await put('f-1', finals[1])]
    await activities.acceptFinalProof({ ...range, proofId: 'f', parts: finalParts })
    expect(await getProofText(objects(), 'f')).toBe(encodeProof(combineFinalProofs(DOMAIN, finals)))
  })

  test.each<[string, (claims: Claims) => AttestationProof]>([
    ['newStateRoot', (claims) => attest({ ...claims, newStateRoot: hashOf(7) })],
    ['oldStateRoot', (claims) => attest({ ...claims, oldStateRoot: hashOf(7) })],
    ['newAccInputHash', (claims) => attest({ ...claims, newAccInputHash: hashOf(7) })],
    ['oldAccInputHash', (claims) => attest({ ...claims, oldAccInputHash: hashOf(7) })],
    ['newLocalExitRoot', (claims) => attest({ ...claims, newLocalExitRoot: hashOf(7) })],
    ['newBatchNumber', (claims) => attest({ ...claims, newBatchNumber: batch(2) })],
    ['chainId', (claims) => attest({ ...claims, chainId: 5 })],
    ['forkId', (claims) => attest({ ...claims, forkId: 8 })],
    ['attester', (claims) => attest(claims, stranger)],
    ['signature', forge],
  ])('a proof that lies about %s is refused by name and not noted', async (field, lie) => {
    const { acceptBatchProof } = createAcceptanceActivities(dependencies())
    const made = { batchNumber: 1, proofId: 'p', parts: [await put('p', lie(await expected(1, 1)))] }
    await expect(acceptBatchProof(made)).rejects.toMatchObject({ name: 'ProofMismatchError' })
    await expect(acceptBatchProof(made)).rejects.toThrow(`field=${field} `)
    expect(await db.select().from(proofs)).toEqual([])
  })

  test('a proof of another batch, or that cannot be read, is refused', async () => {
    const { acceptBatchProof } = createAcceptanceActivities(dependencies())
    const ofTwo = await put('two', attest(await expected(2, 2)))
    const asOne = acceptBatchProof({ batchNumber: 1, proofId: 'one', parts: [ofTwo] })
    await expect(asOne).rejects.toThrow('field=oldBatchNumber')
    await putProofText(objects(), 'broken', '{"kind":"attestation"}')
    const reading = acceptBatchProof({ batchNumber: 1, proofId: 'broken', parts: ['broken'] })
    await expect(reading).rejects.toMatchObject({ name: 'ProofMismatchError' })
  })

  test('a proof of a batch that L1 no longer holds waits: nothing to compare with', async () => {
    const { acceptBatchProof } = createAcceptanceActivities(dependencies())
    const claims = { ...(await expected(2, 2)), oldBatchNumber: batch(2), newBatchNumber: batch(3) }
    const parts = [await put('three', attest(claims))]
    await expect(acceptBatchProof({ batchNumber: 3, proofId: 'three', parts })).rejects.toThrow(ProofInputsMissingError)
  })
})
