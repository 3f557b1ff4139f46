import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAcceptanceActivities } from '#activities/acceptance.ts'
import { encodeChangeL2Block } from '#protocol/batchL2Data.ts'
import { L1InfoTree, l1InfoLeafHash, verifyL1InfoProof } from '#protocol/l1InfoTree.ts'
import { BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { signClaims } from '#prover/attestations.ts'
import { buildFinalProof, finalDigest } from '#prover/finalProof.ts'
import { decodeJobInputs } from '#prover/jobInputs.ts'
import { contentDigest } from '#prover/objectStore.ts'
import { encodeProof } from '#prover/proofCodec.ts'
import type { AttestationProof, Claims } from '#prover/types.ts'
import { addressOf, blockOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { ATTESTERS, DOMAIN } from '#test/proofs.ts'
import { recordTelling } from '#test/telling.ts'
import { closeBatch, openBatch } from './batches.ts'
import { storeBlock } from './blocks.ts'
import type { Database } from './client.ts'
import { createInputsPreparation } from './jobInputs.ts'
import { createDatabaseObjectStore } from './objects.ts'
import { ProofInputsMissingError, readExpectedClaims, readTrustedInputs } from './proofInputs.ts'
import { createDatabaseProofStore } from './proofStore.ts'
import {
  deleteProofsFrom,
  findAcceptedProofs,
  findProof,
  findWitness,
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
beforeEach(() => db.delete(proofs))

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

const store = () => createDatabaseProofStore({ db, chainId })

describe('inputs', () => {
  test('of a virtual batch are those L1 fixed, with leaves proven against the root of its sequence', async () => {
    const { inputs, claimed } = await store().getBatchInputs(batch(1))
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
    const { inputs } = await store().getBatchInputs(batch(2))
    expect(inputs.l1InfoTreeData.size).toBe(0)
    expect(inputs).toMatchObject({
      oldAccInputHash: hashOf(401),
      l1InfoRoot: hashOf(51),
      forcedBlockHashL1: hashOf(52),
    })
  })

  test('of a batch that L1 does not hold are missing to the prover, and trusted to the check', async () => {
    await expect(store().getBatchInputs(batch(3))).rejects.toThrow(ProofInputsMissingError)
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
    const proofStore = store()
    await proofStore.getBatchInputs(batch(1))
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
    const { inputs } = await proofStore.getBatchInputs(batch(1))
    const { proof } = inputs.l1InfoTreeData.get(2)!
    expect(verifyL1InfoProof({ leaf: l1InfoLeafHash(others[2]!), index: 2, proof, root: changed.root })).toBe(true)
    await rewrite(leaves, infoTree)
  })
})

describe('inputs for provers', () => {
  const prepare = (number: number) => {
    const objects = createDatabaseObjectStore(db)
    return createInputsPreparation({ db, objects, chainId })(batch(number))
  }
  const content = (key: string) => createDatabaseObjectStore(db).get(key)

  test('are what the State DB holds, under keys that name them', async () => {
    const witness = new Uint8Array([1, 2, 3])
    await storeWitness(db, { batchNumber: batch(1), oldStateRoot: hashOf(100), witness })
    const prepared = await prepare(1)
    const { inputs, claimed } = await store().getBatchInputs(batch(1))
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
    await expect(store().getWitness(batch(1), hashOf(99))).rejects.toThrow(ProofInputsMissingError)
  })

  test('the first proof of a name stays', async () => {
    const first = await store().putProof(stored(1, 1, 'batch', 'one'))
    expect(first).toMatchObject({ proof: 'one', accepted: false })
    expect(await insertProof(db, stored(1, 1, 'batch', 'two'))).toMatchObject({ proof: 'one' })
    await expect(store().getProof('nobody')).rejects.toThrow(ProofNotFoundError)
  })

  test('when L1 forgets a batch, every proof that covers it or a later one goes', async () => {
    for (const [from, to] of [
      [1, 1],
      [1, 2],
      [2, 2],
    ] as const)
      await insertProof(db, stored(from, to, 'batch', 'x'))
    await deleteProofsFrom(db, batch(2))
    expect((await db.select().from(proofs)).map(({ proofId }) => proofId)).toEqual(['batch-1-1'])
  })
})

function stored(from: number, to: number, kind: 'batch' | 'aggregated' | 'final', proof: string) {
  return { proofId: `${kind}-${from}-${to}`, kind, fromBatch: batch(from), toBatch: batch(to), prover: 'test', proof }
}

describe('acceptance', () => {
  const dependencies = () => ({
    ...{ db, chainId, domain: DOMAIN, aggregator, tell },
    ...{ attesters: [attester.address], attestersRequired: 1 },
  })
  const expected = (from: number, to: number) =>
    readExpectedClaims(db, { chainId, fromBatch: batch(from), toBatch: batch(to) })
  const attest = (claims: Claims, by = attester) => signClaims(DOMAIN, claims, by)
  const forge = (claims: Claims): AttestationProof => {
    const attestations = attest(claims, stranger).attestations.map((one) => ({ ...one, attester: attester.address }))
    return { ...attest(claims), attestations }
  }
  const put = async (from: number, to: number, kind: 'batch' | 'aggregated' | 'final', proof: string) =>
    (await insertProof(db, stored(from, to, kind, proof))).proofId
  const isAccepted = async (proofId: string) => (await findProof(db, proofId))?.accepted

  test('a true batch proof, aggregated proof and final proof are marked', async () => {
    const activities = createAcceptanceActivities(dependencies())
    const batchProof = await put(1, 1, 'batch', encodeProof(attest(await expected(1, 1))))
    await activities.acceptBatchProof({ batchNumber: 1, proofId: batchProof })
    expect(told).toEqual(['aggregator proofReady'])
    const claims = await expected(1, 2)
    const joined = await put(1, 2, 'aggregated', encodeProof(attest(claims)))
    await activities.acceptAggregatedProof({ fromBatch: 1, toBatch: 2, proofId: joined })
    const signatures = [attester.sign(finalDigest(DOMAIN, claims, aggregator))]
    const final = await put(1, 2, 'final', encodeProof(buildFinalProof(DOMAIN, { claims, aggregator, signatures })))
    await activities.acceptFinalProof({ fromBatch: 1, toBatch: 2, proofId: final })
    for (const proofId of [batchProof, joined, final]) expect(await isAccepted(proofId), proofId).toBe(true)
    expect(await findAcceptedProofs(db, { kind: 'batch', fromBatch: batch(1), toBatch: batch(1) })).toHaveLength(1)
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
  ])('a proof that lies about %s is refused by name and stays unaccepted', async (field, lie) => {
    const { acceptBatchProof } = createAcceptanceActivities(dependencies())
    const proofId = await put(1, 1, 'batch', encodeProof(lie(await expected(1, 1))))
    await expect(acceptBatchProof({ batchNumber: 1, proofId })).rejects.toMatchObject({ name: 'ProofMismatchError' })
    await expect(acceptBatchProof({ batchNumber: 1, proofId })).rejects.toThrow(`field=${field} `)
    expect(await isAccepted(proofId)).toBe(false)
  })

  test('a proof of another batch, of another kind, or that cannot be read is refused', async () => {
    const { acceptBatchProof, acceptAggregatedProof } = createAcceptanceActivities(dependencies())
    const ofTwo = await put(2, 2, 'batch', encodeProof(attest(await expected(2, 2))))
    await expect(acceptBatchProof({ batchNumber: 1, proofId: ofTwo })).rejects.toThrow('field=oldBatchNumber')
    const asAggregated = acceptAggregatedProof({ fromBatch: 2, toBatch: 2, proofId: ofTwo })
    await expect(asAggregated).rejects.toThrow('field=kind')
    const broken = await put(1, 1, 'batch', '{"kind":"attestation"}')
    const reading = acceptBatchProof({ batchNumber: 1, proofId: broken })
    await expect(reading).rejects.toMatchObject({ name: 'ProofMismatchError' })
  })

  test('a proof of a batch that L1 no longer holds waits: nothing to compare with', async () => {
    const { acceptBatchProof } = createAcceptanceActivities(dependencies())
    const claims = { ...(await expected(2, 2)), oldBatchNumber: batch(2), newBatchNumber: batch(3) }
    const proofId = await put(3, 3, 'batch', encodeProof(attest(claims)))
    await expect(acceptBatchProof({ batchNumber: 3, proofId })).rejects.toThrow(ProofInputsMissingError)
  })
})
