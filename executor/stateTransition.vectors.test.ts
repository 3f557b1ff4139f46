import { describe, expect, test } from 'vitest'
import { ZERO_HASH } from '#protocol/primitives.ts'
import { batchesOf, loadTransitions, VectorChain } from './testing/transitionVectors.ts'

const KINDS = [
  'state-transition-fork9',
  'state-transition-fork9-ethtests',
  'state-transition-fork8',
  'state-transition-fork7',
  'state-transition-fork12',
  'state-transition-multibatch',
]

/** Large integers of JSON-RPC style are compared as text. */
const lower = (hash: string | undefined) => hash?.toLowerCase()

for (const kind of KINDS) {
  const vectors = loadTransitions(kind)
  describe.skipIf(vectors === undefined)(kind, () => {
    test.each(vectors ?? [])(`${kind} $id`, async (vector) => {
      const chain = await VectorChain.create(vector)
      expect(chain.stateRoot).toBe(lower(vector.oldStateRoot))
      for (const batch of batchesOf(vector)) {
        const { expected, reference } = batch
        const result = await chain.run(batch)
        if (reference?.txs !== undefined && result.invalid === undefined) {
          const receipts = result.blocks.flatMap(({ receipts }) => receipts)
          const ran = reference.txs.filter(({ gasUsed }) => gasUsed !== undefined)
          if (!vector.outOfCounters)
            expect(receipts.map(({ status, gasUsed, logs }) => [status, String(gasUsed), logs.length])).toEqual(
              ran.map(({ status, gasUsed, logs }) => [status, gasUsed, logs?.length ?? 0]),
            )
          expect(result.blocks.at(-1)?.blockInfoRoot ?? ZERO_HASH).toBe(lower(reference.blockInfoRoot))
        }
        expect({
          newStateRoot: result.newStateRoot,
          newAccInputHash: result.newAccInputHash,
          newLocalExitRoot: result.newLocalExitRoot,
        }).toEqual({
          newStateRoot: lower(expected.newStateRoot),
          newAccInputHash: lower(expected.newAccInputHash ?? reference?.newAccInputHash),
          newLocalExitRoot: lower(expected.newLocalExitRoot),
        })
      }
    })
  })
}
