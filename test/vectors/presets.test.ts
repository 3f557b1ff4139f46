import { expect, test } from 'vitest'
import { readPreset } from '#config/presets.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Vector = {
  id: string
  chainId: number
  root: string
  genesisBlockNumberL1: number
  l1: Record<'polygonZkEVMAddress' | 'polygonRollupManagerAddress' | 'polTokenAddress', string> & {
    chainId: number
    polygonZkEVMGlobalExitRootAddress: string
  }
}
const file = loadVectors<Vector>('smt-genesis-networks')

describeVectors('smt-genesis-networks', file, () => {
  test.each(['mainnet', 'cardona'] as const)('smt-genesis-networks %s: its preset states the same', (name) => {
    const { l1, ...vector } = file!.vectors.find(({ id }) => id === name)!
    expect(readPreset(name, 'zknode.yaml').values.network).toMatchObject({
      ...{ chainId: vector.chainId, l1ChainId: l1.chainId, l1StartBlock: vector.genesisBlockNumberL1 },
      genesisRoot: vector.root,
      contracts: {
        ...{ rollupManager: l1.polygonRollupManagerAddress, rollup: l1.polygonZkEVMAddress, pol: l1.polTokenAddress },
        globalExitRoot: l1.polygonZkEVMGlobalExitRootAddress,
      },
    })
  })
})
