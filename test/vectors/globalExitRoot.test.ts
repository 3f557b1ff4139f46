import { expect, test } from 'vitest'
import { globalExitRoot } from '#protocol/globalExitRoot.ts'
import { ZERO_HASHES } from '#protocol/keccakTree.ts'
import { Hash } from '#protocol/primitives.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Vector = { id: string } & (
  | { type: 'zero-hashes'; levels: string[] }
  | ({ type?: undefined } & Record<'mainnetExitRoot' | 'rollupExitRoot' | 'globalExitRoot', string>)
)

const file = loadVectors<Vector>('global-exit-root')

describeVectors('global-exit-root', file, () => {
  test.each(file?.vectors ?? [])('global-exit-root $id', (vector) => {
    if (vector.type === 'zero-hashes') {
      expect(vector.levels.length).toBeGreaterThan(1)
      expect(ZERO_HASHES.slice(0, vector.levels.length)).toEqual(vector.levels)
    } else {
      const root = globalExitRoot(Hash(vector.mainnetExitRoot), Hash(vector.rollupExitRoot))
      expect(root).toBe(vector.globalExitRoot)
    }
  })
})
