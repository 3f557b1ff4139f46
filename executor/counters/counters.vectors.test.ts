import { describe, expect, test } from 'vitest'
import { bytesToHex } from '#common/bytes.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import type { Hex } from '#protocol/primitives.ts'
import { loadVectors } from '../../test/vectors/load.ts'
import type { L2BlockResult } from '../blockBuilder.ts'
import { batchesOf, loadTransitions, VectorChain } from '../testing/transitionVectors.ts'

type CounterVector = {
  id: string
  stateTransition: string
  /** False where the source holds placeholders, of batches its reference does not run. */
  validated: boolean
  virtualCounters: Record<
    'steps' | 'arith' | 'binary' | 'memAlign' | 'keccaks' | 'padding' | 'poseidon' | 'sha256',
    number
  >
}

/** Fork 7 was estimated with an earlier table this project has no description of. */
const KINDS = ['counters-fork9', 'counters-fork9-ethtests', 'counters-fork8']

const named = (counters: ZkCounters): CounterVector['virtualCounters'] => ({
  steps: counters.steps,
  arith: counters.arithmetics,
  binary: counters.binaries,
  memAlign: counters.memAligns,
  keccaks: counters.keccakHashes,
  padding: counters.poseidonPaddings,
  poseidon: counters.poseidonHashes,
  sha256: counters.sha256Hashes,
})

/** Adds 5000 slots: the reference starts over when it finds that the tree is deeper than it took it to be. */
const DEEP_TREES = new Set(['calldata/ooc_2'])

/** Level of the deepest leaf a block wrote. */
function deepestNewLeaf({ stateRoot, newNodes }: L2BlockResult): number {
  const nodes = new Map(newNodes.map(({ hash, data }) => [bytesToHex(hash), data] as const))
  const depthBelow = (hash: Hex): number => {
    const data = nodes.get(hash)
    if (data === undefined || data.length !== 64) return 0
    return 1 + Math.max(...[data.subarray(0, 32), data.subarray(32)].map((child) => depthBelow(bytesToHex(child))))
  }
  return depthBelow(stateRoot)
}

for (const kind of KINDS) {
  const vectors = loadVectors<CounterVector>(kind)?.vectors
  const transitions = new Map(
    [...new Set(vectors?.map(({ stateTransition }) => stateTransition))].flatMap((name) =>
      (loadTransitions(name) ?? []).map((vector) => [`${name} ${vector.id}`, vector] as const),
    ),
  )
  describe.skipIf(vectors === undefined)(kind, () => {
    test.each((vectors ?? []).filter(({ validated }) => validated))(
      `${kind} $id`,
      async ({ id, stateTransition, virtualCounters }) => {
        const vector = transitions.get(`${stateTransition} ${id}`)!
        const run = async (treeDepth: number) =>
          (await VectorChain.create(vector)).run(batchesOf(vector)[0]!, { counterLimits: null, treeDepth })
        const depth = DEEP_TREES.has(id) ? Math.max(...(await run(0)).blocks.map(deepestNewLeaf)) : 0
        expect(named((await run(depth)).counters)).toEqual(virtualCounters)
      },
    )
  })
}
