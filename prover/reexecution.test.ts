import { beforeAll, describe, expect, test } from 'vitest'
import { bytesToHex } from '#common/bytes.ts'
import { executeBatch } from '#executor/executeBatch.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import { decodeWitness, encodeWitness, RecordingNodeStore } from '#merkletree/witness.ts'
import { BatchNumber, BlockNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { buildSmallChain } from '#test/smallChain.ts'
import { ProofRefusedError, ProverThreadError } from './errors.ts'
import type { ReexecutionJob } from './reexecute.ts'
import { reexecuteBatch } from './reexecuteBatch.ts'
import { createReexecutionThreads } from './reexecutionThreads.ts'
import type { BatchInputs, ClaimedResult, L1InfoLeaf } from './types.ts'

let worked: ReexecutionJob
let next: ReexecutionJob
beforeAll(async () => {
  const { batches } = await buildSmallChain()
  ;[worked, next] = [batches[0].job, batches[1].job]
})

test('the worked batch gives the published roots and accumulated input hash', async () => {
  expect(await reexecuteBatch(worked)).toEqual({
    oldStateRoot: '0x231f017537be62730e2e859ccad6414407dd985bfa7ced6a236b7e551c8de9d1',
    newStateRoot: '0x3cddf90244459af0b8d26663d41ff0a0c15d7e933a9c34a343e2614c1a745b97',
    oldAccInputHash: ZERO_HASH,
    newAccInputHash: '0x4855cab0e53f18738aded33c8fc0567ff39b2abb96969e04acb4867944f9f333',
    newLocalExitRoot: ZERO_HASH,
    ...{ oldBatchNumber: 0, newBatchNumber: 1, chainId: 1000, forkId: 9 },
  })
  const [first, second] = worked.claimed.blocks
  expect(first).toMatchObject({ gasUsed: 123_055, txCount: 3, timestamp: 1_700_000_000 })
  expect(second).toMatchObject({ gasUsed: 42_000, txCount: 2, timestamp: 1_700_000_003 })
})

test('the batch after it, with code and storage in its witness, joins on', async () => {
  const [one, two] = [await reexecuteBatch(worked), await reexecuteBatch(next)]
  expect(two.oldStateRoot).toBe(one.newStateRoot)
  expect(two.oldAccInputHash).toBe(one.newAccInputHash)
  expect(next.claimed.blocks[0]).toMatchObject({ blockNumber: 3, txCount: 2 })
})

describe('refuses inputs that are not those of the claim', () => {
  const changes: [string, Partial<BatchInputs>, string][] = [
    ['oldStateRoot', { oldStateRoot: hashOf(1) }, 'field=oldStateRoot'],
    ['oldAccInputHash', { oldAccInputHash: hashOf(1) }, 'field=newAccInputHash'],
    ['chainId', { chainId: 1001 }, 'field=txCount'],
    ['forkId', { forkId: 7 }, 'field=blockInfoRoot'],
    ['coinbase', { coinbase: addressOf(0xef) }, 'field='],
    ['l1InfoRoot', { l1InfoRoot: hashOf(1) }, 'InvalidL1InfoProofError'],
    ['a later timestampLimit', { timestampLimit: 1_700_000_101 }, 'field=newAccInputHash'],
    ['an earlier timestampLimit', { timestampLimit: 1_700_000_002 }, 'field=blockCount'],
    ['forcedBlockHashL1', { forcedBlockHashL1: hashOf(1) }, 'field=blockCount'],
    ['no info leaf', { l1InfoTreeData: new Map() }, 'MissingL1InfoLeafError'],
    ['no data', { batchL2Data: new Uint8Array() }, 'field=blockCount'],
  ]
  test.each(changes)('%s', async (_, change, reason) => {
    const refused = reexecuteBatch({ ...worked, inputs: { ...worked.inputs, ...change } })
    await expect(refused).rejects.toThrow(ProofRefusedError)
    await expect(refused).rejects.toThrow(reason)
  })

  const leafChanges: [string, Partial<L1InfoLeaf>][] = [
    ['globalExitRoot', { globalExitRoot: hashOf(1) }],
    ['blockHashL1', { blockHashL1: hashOf(1) }],
    ['minTimestamp', { minTimestamp: 1_699_999_901 }],
    ['a proof that is too short', { proof: [] }],
    ['no proof at all', { proof: undefined as unknown as [] }],
  ]
  test.each(leafChanges)('info leaf with %s', async (_, change) => {
    const leaf = worked.inputs.l1InfoTreeData.get(1)!
    const l1InfoTreeData = new Map([[1, { ...leaf, ...change }]])
    const refused = reexecuteBatch({ ...worked, inputs: { ...worked.inputs, l1InfoTreeData } })
    await expect(refused).rejects.toThrow(ProofRefusedError)
  })

  test('any changed byte of the data', async () => {
    const { batchL2Data } = worked.inputs
    for (let offset = 0; offset < batchL2Data.length; offset += 13) {
      const changed = batchL2Data.with(offset, batchL2Data[offset]! ^ 1)
      const refused = reexecuteBatch({ ...worked, inputs: { ...worked.inputs, batchL2Data: changed } })
      await expect(refused, `byte ${offset}`).rejects.toThrow(ProofRefusedError)
    }
  })
})

describe('names what is claimed and not so', () => {
  const ofBatch: Partial<ClaimedResult>[] = [
    { newStateRoot: hashOf(1) },
    { newAccInputHash: hashOf(1) },
    { newLocalExitRoot: hashOf(1) },
  ]
  test.each(ofBatch)('batch: %o', async (change) => {
    const refused = reexecuteBatch({ ...worked, claimed: { ...worked.claimed, ...change } })
    await expect(refused).rejects.toThrow(`field=${Object.keys(change)[0]} claimed=${Object.values(change)[0]}`)
  })

  const ofBlock = {
    ...{ timestamp: 1, stateRoot: hashOf(1), blockInfoRoot: hashOf(1), globalExitRoot: hashOf(1) },
    ...{ l1BlockHash: hashOf(1), gasUsed: 1, txCount: 1, blockNumber: BlockNumber(9) },
  }
  test.each(Object.entries(ofBlock))('block 2: %s', async (field, lie) => {
    const [first, second] = worked.claimed.blocks
    const blocks = [first!, { ...second!, [field]: lie }]
    const refused = reexecuteBatch({ ...worked, claimed: { ...worked.claimed, blocks } })
    await expect(refused).rejects.toThrow(ProofRefusedError)
    await expect(refused).rejects.toThrow(`field=${field} claimed=${lie}`)
    await expect(refused).rejects.toThrow(field === 'blockNumber' ? 'blockNumber=9' : 'blockNumber=2')
  })

  test('a block too many or too few', async () => {
    const { claimed } = worked
    const lies = [claimed.blocks.slice(0, 1), [...claimed.blocks, claimed.blocks[1]!]]
    for (const blocks of lies)
      await expect(reexecuteBatch({ ...worked, claimed: { ...claimed, blocks } })).rejects.toThrow('field=blockCount')
  })
})

/** What can be told of a witness with one wrong byte: the root it gives, where its form breaks off, or what it lacks. */
const WHAT_IS_WRONG =
  /The witness gives another root: .* field=oldStateRoot claimed=0x\w{64} computed=0x\w{64}|error=WitnessError .* offset=\d+ path=[01]*|error=Missing(Node|Code)Error/

describe('the witness', () => {
  test('is refused with any byte changed, left out or added', async () => {
    for (const job of [worked, next]) {
      const { witness } = job
      for (let offset = 0; offset < witness.length; offset++) {
        const refused = reexecuteBatch({ ...job, witness: witness.with(offset, witness[offset]! ^ 1) })
        await expect(refused, `byte ${offset} of ${witness.length}`).rejects.toThrow(ProofRefusedError)
        await expect(refused, `byte ${offset} of ${witness.length}`).rejects.toThrow(WHAT_IS_WRONG)
      }
      for (const other of [witness.subarray(0, -1), new Uint8Array([...witness, 0]), new Uint8Array()])
        await expect(reexecuteBatch({ ...job, witness: other })).rejects.toThrow(ProofRefusedError)
    }
  })

  test('is refused with any node or code left out: it holds nothing that is not needed', async () => {
    const { root, store, codes } = decodeWitness(next.witness)
    const recording = new RecordingNodeStore(store)
    const reader = createTreeStateReader(recording, root, codes)
    await executeBatch(next.inputs, { reader, store: recording })
    const { nodes } = recording
    expect(encodeWitness(root, nodes, codes)).toEqual(next.witness)
    expect([nodes.length > 10, codes.size]).toEqual([true, 1])
    for (const dropped of nodes) {
      const others = nodes.filter((node) => node !== dropped)
      const refused = reexecuteBatch({ ...next, witness: encodeWitness(root, others, codes) })
      await expect(refused, bytesToHex(dropped.hash)).rejects.toThrow(ProofRefusedError)
      await expect(refused).rejects.toThrow('error=MissingNodeError')
      await expect(refused).rejects.toThrow(
        new RegExp(`hash=${bytesToHex(dropped.hash)} depth=\\d+ path=[01]* (key|besideKey)=0x`),
      )
    }
    const withoutCode = reexecuteBatch({ ...next, witness: encodeWitness(root, nodes) })
    await expect(withoutCode).rejects.toThrow('error=MissingCodeError')
  })

  test('of another batch is refused', async () => {
    await expect(reexecuteBatch({ ...next, witness: worked.witness })).rejects.toThrow('field=oldStateRoot')
  })
})

describe('in a thread', () => {
  const signal = new AbortController().signal

  test('the result is the same, refusals keep their name, and the thread is kept', async () => {
    const threads = createReexecutionThreads()
    try {
      expect(await threads.reexecute(worked, signal)).toEqual(await reexecuteBatch(worked))
      const lie = { ...worked, claimed: { ...worked.claimed, newStateRoot: hashOf(1) } }
      await expect(threads.reexecute(lie, signal)).rejects.toThrow(ProofRefusedError)
      await expect(threads.reexecute(lie, signal)).rejects.toThrow('field=newStateRoot')
      const startedAt = performance.now()
      await threads.reexecute(next, signal)
      expect(performance.now() - startedAt).toBeLessThan(500)
    } finally {
      await threads.close()
    }
  }, 30_000)

  test('cancelling ends a job at once, also one that has not started; the next job gets a new thread', async () => {
    const threads = createReexecutionThreads()
    try {
      const stop = new AbortController()
      const running = threads.reexecute(worked, stop.signal)
      stop.abort(new Error('cancelled by Temporal'))
      await expect(running).rejects.toThrow('cancelled by Temporal')
      await expect(threads.reexecute(worked, stop.signal)).rejects.toThrow('cancelled by Temporal')
      expect((await threads.reexecute(worked, signal)).newBatchNumber).toBe(BatchNumber(1))
    } finally {
      await threads.close()
    }
  }, 30_000)

  test('a thread that dies breaks its job with an error worth a retry', async () => {
    const threads = createReexecutionThreads()
    const running = threads.reexecute(worked, signal)
    await threads.close()
    await expect(running).rejects.toThrow(ProverThreadError)
  })
})
