import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { L2_GLOBAL_EXIT_ROOT_MANAGER, LOCAL_EXIT_ROOT_SLOT } from '#protocol/systemContract.ts'
import { createTreeStateReader } from './stateReader.ts'
import {
  type BatchOutcome,
  comparable,
  executeRandomBatch,
  nextAccInputHash,
  runTransactions,
} from './testing/batchOutcome.ts'
import { MemoryChain } from './testing/chain.ts'
import { RANDOM_GENESIS, type RandomBatch, randomBatches } from './testing/randomBatches.ts'
import { hashToWord, wordToHash } from './words.ts'

/** What happens before a block is made. */
type Interruption = 'none' | 'restart' | 'discarded' | 'crashed'
const interruptions = fc.infiniteStream(fc.constantFrom<Interruption[]>('none', 'restart', 'discarded', 'crashed'))

async function readLocalExitRoot({ store, stateRoot, codes }: MemoryChain): Promise<Hash> {
  const slot = { address: L2_GLOBAL_EXIT_ROOT_MANAGER, slot: hashToWord(LOCAL_EXIT_ROOT_SLOT) }
  const [word] = await createTreeStateReader(store, stateRoot, codes).getStorage([slot])
  return wordToHash(word!)
}

/** Block by block, as a sequencer does. */
async function runBlocks(batches: readonly RandomBatch[], next: () => Interruption): Promise<BatchOutcome[]> {
  const chain = await MemoryChain.create(RANDOM_GENESIS)
  let accInputHash = ZERO_HASH
  const outcomes: BatchOutcome[] = []
  for (const batch of batches) {
    const blocks: BatchOutcome['blocks'] = []
    const skipped: string[] = []
    for (const block of batch.blocks) {
      const interruption = next()
      if (interruption === 'discarded' || interruption === 'crashed') {
        const lost = await chain.open({ opening: block.opening })
        await runTransactions(lost, block)
        if (interruption === 'discarded') lost.discard()
      }
      if (interruption === 'restart' || interruption === 'crashed') chain.restart()
      const builder = await chain.open({ opening: block.opening })
      skipped.push(...(await runTransactions(builder, block)))
      blocks.push(comparable(await chain.close(builder)))
    }
    accInputHash = nextAccInputHash(accInputHash, batch)
    const { stateRoot } = chain
    const localExitRoot = await readLocalExitRoot(chain)
    outcomes.push({ stateRoot, accInputHash, localExitRoot, isVoid: batch.isVoid, blocks, skipped })
  }
  return outcomes
}

/** Batch by batch from its bytes, as whoever reads L1 does. */
async function runBatches(batches: readonly RandomBatch[]): Promise<BatchOutcome[]> {
  const { store, stateRoot, codes } = await MemoryChain.create(RANDOM_GENESIS)
  let before = { stateRoot, accInputHash: ZERO_HASH }
  const outcomes: BatchOutcome[] = []
  for (const batch of batches) {
    const reader = createTreeStateReader(store, before.stateRoot, codes)
    const { outcome, result } = await executeRandomBatch(batch, before, { reader, store })
    for (const { newNodes, stateDiff } of result.blocks) {
      store.add(newNodes)
      for (const [hash, bytes] of stateDiff.codes) codes.set(hash, bytes)
    }
    before = outcome
    outcomes.push(outcome)
  }
  return outcomes
}

test('blocks in one run, resumed or given up anywhere, and whole batches give the same', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(randomBatches, interruptions, async (batches, stream) => {
      const whole = await runBatches(batches)
      expect(await runBlocks(batches, () => 'none')).toEqual(whole)
      expect(await runBlocks(batches, () => stream.next().value)).toEqual(whole)
    }),
    { numRuns: 40 },
  )
})

test('the random batches hold what may go right and wrong', { timeout: 60_000 }, async () => {
  const outcomes = (await Promise.all(fc.sample(randomBatches, { numRuns: 100, seed: 1 }).map(runBatches))).flat()
  const blocks = outcomes.flatMap((outcome) => outcome.blocks)
  const receipts = blocks.flatMap((block) => block.receipts)
  expect(new Set(receipts.map(({ error }) => error))).toEqual(
    new Set([
      ...[undefined, 'execution reverted', 'invalid opcode', 'out of gas'],
      'invalid code: must not begin with 0xef',
    ]),
  )
  expect(new Set(outcomes.flatMap(({ skipped }) => skipped))).toEqual(
    new Set(['SIGNATURE', 'CHAIN_ID', 'NONCE', 'GAS_LIMIT', 'BALANCE'].map((what) => `INTRINSIC_INVALID_${what}`)),
  )
  const counts = {
    succeeded: receipts.filter(({ status }) => status === 1),
    logging: receipts.filter(({ logs }) => logs.length > 0),
    deployed: receipts.filter(({ contractAddress, status }) => contractAddress !== undefined && status === 1),
    emptyBlocks: blocks.filter((block) => block.receipts.length === 0),
    exitRoots: blocks.filter(({ globalExitRoot }) => globalExitRoot !== ZERO_HASH),
    slotsCleared: blocks.flatMap(({ slots }) => slots.filter((slot) => slot.endsWith(' 0'))),
    localExitRoots: [...new Set(outcomes.map(({ localExitRoot }) => localExitRoot))].slice(1),
    voidBatches: outcomes.filter(({ isVoid }) => isVoid),
    emptyBatches: outcomes.filter((outcome) => !outcome.isVoid && outcome.blocks.length === 0),
  }
  const rare = Object.entries(counts).filter(([what, { length }]) => length < (what === 'localExitRoots' ? 1 : 10))
  expect(rare).toEqual([])
})
