import { describe, expect, test } from 'vitest'
import { hexToBytes } from '#common/bytes.ts'
import { accInputHash, forcedBatchHash, preEtrogAccInputHash, preEtrogForcedBatchHash } from './accInputHash.ts'
import { globalExitRoot } from './globalExitRoot.ts'
import { KECCAK_OF_NOTHING, keccakHex } from './keccak.ts'
import { Address, Hash, ZERO_HASH } from './primitives.ts'
import { encodeSnarkInput, InvalidStateRootError, inputSnark, isGoldilocksRoot } from './snarkInput.ts'
import { blockHashSlot, globalExitRootSlot } from './systemContract.ts'
import { WORKED_BATCH_HASH } from './workedBatch.fixture.ts'

const filled = (byte: string) => Hash(`0x${byte.repeat(32)}`)
const coinbase = Address('0x00000000000000000000000000000000000000ee')
const FORCED_DATA = hexToBytes(
  '0xe605843b9aca00830186a09400000000000000000000000000000000000000aa09808203e880808c163b9ae3805c2c92abfdb59a860d948ead1fed01b437855c500ad07fabe5985426dd8200729c8f801b529c2907a439e332898ffcf72160135ab2aef6eeaf081bff',
)
const forced = {
  batchL2DataHash: keccakHex(FORCED_DATA),
  forcedGlobalExitRoot: filled('dd'),
  forcedTimestamp: 1_700_000_200,
  forcedBlockHashL1: filled('cc'),
}
const workedAccInputHash = accInputHash({
  oldAccInputHash: ZERO_HASH,
  batchL2DataHash: Hash(WORKED_BATCH_HASH),
  l1InfoRoot: Hash('0x7184aaf13b0f7171188eef783567f8e8e727dce6ac2badf78c75e29eaebe4be1'),
  timestampLimit: 1_700_000_100,
  coinbase,
  forcedBlockHashL1: ZERO_HASH,
})

test('no bytes have the known hash', () => {
  expect(KECCAK_OF_NOTHING).toBe('0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470')
})

describe('accInputHash', () => {
  test('of the worked batch, and of the forced batch after it', () => {
    expect(workedAccInputHash).toBe('0x4855cab0e53f18738aded33c8fc0567ff39b2abb96969e04acb4867944f9f333')
    expect(forced.batchL2DataHash).toBe('0xcbec15a966c658b4b1db039bacbb45c37ea361b458c9a82415c04e30109a5b39')
    const next = accInputHash({
      oldAccInputHash: workedAccInputHash,
      batchL2DataHash: forced.batchL2DataHash,
      l1InfoRoot: forced.forcedGlobalExitRoot,
      timestampLimit: forced.forcedTimestamp,
      coinbase,
      forcedBlockHashL1: forced.forcedBlockHashL1,
    })
    expect(next).toBe('0x8b6aebae21d40e8364444f2c01e1a828622db3334c911c3abacbbec4ffcf7f0a')
  })

  test('before etrog', () => {
    const hash = preEtrogAccInputHash({
      oldAccInputHash: ZERO_HASH,
      batchL2DataHash: keccakHex(hexToBytes('0x1234')),
      globalExitRoot: filled('aa'),
      timestamp: 1_700_000_000,
      coinbase,
    })
    expect(hash).toBe('0xd72deecabbe4d6f1d4fa18e12df52bf2dbf4dd60bd9c52a6a1aade70a571359b')
  })
})

describe('forced batch', () => {
  test('hash on L1', () => {
    expect(forcedBatchHash(forced)).toBe('0x83ed0258d4cae400b8090bfe278138fa36ef557f0dc3318d8e64e8606e34b8f2')
  })

  test('hash before etrog covers 72 bytes', () => {
    const packed = `${forced.batchL2DataHash}${'dd'.repeat(32)}000000006553f1c8`
    expect(preEtrogForcedBatchHash(forced)).toBe(keccakHex(hexToBytes(packed)))
  })
})

test('global exit root of no exits', () => {
  expect(globalExitRoot(ZERO_HASH, ZERO_HASH)).toBe(
    '0xad3228b676f7d3cd4284a5443f17f1962b36e491b30a40b2405849e597ba5fb5',
  )
})

test('slots of the system contract and of the exit root manager', () => {
  expect(blockHashSlot(0)).toMatch(/^0xa6eef7e3.*49$/)
  expect(blockHashSlot(1)).toMatch(/^0xcc6988.*2f$/)
  expect(globalExitRootSlot(filled('a2'))).toBe('0xac691c75039646c75eef68550b17e78f6dc2b6f1cd9ab1deb7761ed9e28b77ee')
})

describe('snark input', () => {
  const input = {
    aggregator: Address('0x00000000000000000000000000000000000000ff'),
    oldStateRoot: Hash('0x231f017537be62730e2e859ccad6414407dd985bfa7ced6a236b7e551c8de9d1'),
    oldAccInputHash: ZERO_HASH,
    initNumBatch: 0,
    chainId: 1000,
    forkId: 9,
    newStateRoot: Hash('0x3cddf90244459af0b8d26663d41ff0a0c15d7e933a9c34a343e2614c1a745b97'),
    newAccInputHash: workedAccInputHash,
    newLocalExitRoot: ZERO_HASH,
    finalNewBatch: 1,
  }

  test('of the worked batch in forks 9 and 12', () => {
    expect(encodeSnarkInput(input)).toHaveLength(212)
    expect(inputSnark(encodeSnarkInput(input))).toBe(
      19238870346679773923255690348057794062081097838553962344999831867006460943474n,
    )
    expect(inputSnark(encodeSnarkInput({ ...input, forkId: 12 }))).toBe(
      7859754793968048928570794901685475470196646282167973821209543267742553511750n,
    )
  })

  const limbs = (...values: string[]) => Hash(`0x${values.join('')}`)
  const largest = 'ffffffff00000000'
  const prime = 'ffffffff00000001'

  test('takes state roots of four Goldilocks elements only', () => {
    expect(isGoldilocksRoot(limbs(largest, largest, largest, largest))).toBe(true)
    for (const position of [0, 1, 2, 3]) {
      const root = limbs(...[largest, largest, largest, largest].with(position, prime))
      expect(isGoldilocksRoot(root)).toBe(false)
      expect(() => encodeSnarkInput({ ...input, newStateRoot: root })).toThrow(InvalidStateRootError)
      expect(() => encodeSnarkInput({ ...input, oldStateRoot: root })).toThrow(InvalidStateRootError)
    }
  })
})
