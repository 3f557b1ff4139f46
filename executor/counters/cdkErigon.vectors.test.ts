import { describe, expect, test } from 'vitest'
import { loadVectors } from '../../test/vectors/load.ts'
import { type TransitionVector, VectorChain } from '../testing/transitionVectors.ts'
import { type Counts, named } from './testing.ts'

type CdkErigonVector = Extract<TransitionVector, { batch: unknown }> & {
  newStateRoot: string
  l1Info: Record<string, { globalExitRoot: string; blockHash: string; timestamp: string }>
  virtualCounters: Counts
  commonjsCounters?: Counts
}

const KIND = 'counters-cdk-erigon'
const vectors = loadVectors<CdkErigonVector>(KIND)?.vectors

/** cdk-erigon counts all its forks by the reference's later table. */
const LATER_FORK = 12
/** It counts a deployment otherwise, and the zeros of a transaction of another chain as one byte each. */
const COUNTED_OTHERWISE = new Set([
  'state-transition-processor-12',
  'state-transition-processor-5',
  'state-transition-processor-forkid13-4',
])

/**
 * Compared: state roots, but for one of fork 13 that stays although the batch opens a block; the reference's counts of the
 * same batches; and cdk-erigon's own, except binaries of fork 13, of which it counts some more for each transaction.
 * `smtDepths` say nothing here: with less than 32 levels all trees are counted alike.
 */
describe.skipIf(vectors === undefined)(KIND, () => {
  test.each(vectors ?? [])(`${KIND} $id`, async (vector) => {
    const { id, forkID, batch: given, l1Info, newStateRoot, oldStateRoot, virtualCounters, commonjsCounters } = vector
    const l1InfoTree = Object.fromEntries(
      Object.entries(l1Info ?? {}).map(([index, leaf]) => [index, { ...leaf, smtProof: [] }]),
    )
    const batch = { batch: { ...given, l1InfoTree: { ...l1InfoTree, skipVerifyL1InfoRoot: true } }, expected: {} }
    const runAs = async (forkId: number) => {
      const chain = await VectorChain.create({ ...vector, forkID: forkId, oldAccInputHash: '0x0' })
      return await chain.runOn(batch, chain.reader, (run) => run.run())
    }
    const run = await runAs(forkID)
    if (newStateRoot !== oldStateRoot) expect(run.stateRoot).toBe(newStateRoot)
    if (commonjsCounters !== undefined) expect(named(run.counters)).toEqual(commonjsCounters)
    if (COUNTED_OTHERWISE.has(id)) return
    const counters = named((await runAs(LATER_FORK)).counters)
    if (forkID < LATER_FORK) expect(counters).toEqual(virtualCounters)
    else {
      expect({ ...counters, binary: 0 }).toEqual({ ...virtualCounters, binary: 0 })
      expect(counters.binary).toBeLessThan(virtualCounters.binary)
    }
  })
})
