import { describe, expect, test } from 'vitest'
import { getForkRules, SUPPORTED_FORK_IDS, UnsupportedForkError } from './forks.ts'

const inOrder = (forkId: number) => {
  const counters = getForkRules(forkId).counterBudget!
  return [
    counters.steps,
    counters.arithmetics,
    counters.binaries,
    counters.memAligns,
    counters.keccakHashes,
    counters.poseidonPaddings,
    counters.poseidonHashes,
    counters.sha256Hashes,
  ]
}

describe('fork rules', () => {
  test('cover forks 4 to 13 and no other', () => {
    expect(SUPPORTED_FORK_IDS).toEqual([4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
    for (const forkId of SUPPORTED_FORK_IDS) expect(getForkRules(forkId).forkId).toBe(forkId)
    for (const forkId of [0, 3, 14, 9.5, Number.NaN]) expect(() => getForkRules(forkId)).toThrow(UnsupportedForkError)
  })

  test.each([
    [7, [7968988, 249037, 498074, 249037, 2258, 142307, 265639, 1769]],
    [8, [7968988, 249037, 498074, 249037, 2258, 142307, 265639, 1769]],
    [9, [7968988, 249037, 498074, 249037, 2258, 142307, 265639, 1769]],
    [10, [16357591, 511181, 1022362, 511181, 4634, 292104, 545259, 3631]],
    [11, [33134805, 1035469, 2070938, 1035469, 9386, 591697, 1104500, 7362]],
    [12, [33134805, 1035469, 2070938, 1035469, 9386, 591697, 1104500, 7362]],
    [13, [33134805, 1035469, 2070938, 1035469, 9386, 591697, 1104500, 7362]],
  ])('of fork %i hold the counter budget of its program', (forkId, budget) => {
    expect(inOrder(forkId)).toEqual(budget)
  })

  test.each([
    [6, [1, 4]],
    [7, [1, 2, 4, 5, 6, 7, 8]],
    [9, [1, 2, 4, 6, 7, 8]],
    [12, [1, 2, 4, 6, 7, 8]],
    [13, [1, 2, 4, 5, 6, 7, 8, 0x100]],
  ])('of fork %i enable its precompiles', (forkId, addresses) => {
    expect([...getForkRules(forkId).precompiles]).toEqual(addresses)
  })

  test.each([
    [4, 'preEtrog', false, false],
    [5, 'preEtrog', true, false],
    [6, 'preEtrog', true, false],
    [7, 'etrog', true, true],
    [8, 'elderberry', true, true],
    [11, 'elderberry', true, true],
    [12, 'banana', true, true],
  ])('of fork %i: batches in form %s', (forkId, sequenceBatches, effectivePercentage, changeL2Block) => {
    expect(getForkRules(forkId)).toMatchObject({ sequenceBatches, effectivePercentage, changeL2Block })
  })

  test('change at the fork that brought the change', () => {
    const from = (rule: 'refusesEmptyInfoLeaf' | 'pushPastCodeEndIsPadded' | 'failedDeployStaysWarm' | 'push0') =>
      SUPPORTED_FORK_IDS.find((forkId) => getForkRules(forkId)[rule])
    expect(from('push0')).toBe(5)
    expect(from('refusesEmptyInfoLeaf')).toBe(9)
    expect(from('pushPastCodeEndIsPadded')).toBe(10)
    expect(from('failedDeployStaysWarm')).toBe(10)
    for (const [forkId, isOld] of [
      [7, true],
      [8, false],
    ] as const)
      expect(getForkRules(forkId)).toMatchObject({
        blockGasLimit: isOld ? 2n ** 64n - 1n : 2n ** 50n,
        disabledPrecompileKeepsStatus: isOld,
        logGasAfterData: isOld,
        readsEmptyListHeader: isOld,
        receiptsHoldPostState: isOld,
      })
  })
})
