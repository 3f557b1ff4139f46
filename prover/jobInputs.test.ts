import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Address, BatchNumber, BlockNumber, Hash } from '#protocol/primitives.ts'
import { decodeJobInputs, encodeJobInputs, type JobInputs, JobInputsError } from './jobInputs.ts'

const hex = (size: number) =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((bytes) => `0x${Buffer.from(bytes).toString('hex')}`)
const hash = hex(32).map(Hash)
const number = fc.nat()
const positive = fc.integer({ min: 1, max: 2 ** 31 })
const leaf = fc.record({
  ...{ globalExitRoot: hash, blockHashL1: hash, minTimestamp: number },
  proof: fc.array(hash, { maxLength: 3 }),
})
const jobInputs: fc.Arbitrary<JobInputs> = fc.record({
  inputs: fc.record({
    ...{ batchNumber: number.map(BatchNumber), forkId: positive, chainId: positive },
    ...{ oldStateRoot: hash, oldAccInputHash: hash, batchL2Data: fc.uint8Array({ maxLength: 50 }) },
    ...{ l1InfoRoot: hash, timestampLimit: number, coinbase: hex(20).map(Address), forcedBlockHashL1: hash },
    l1InfoTreeData: fc.array(fc.tuple(number, leaf), { maxLength: 4 }).map((leaves) => new Map(leaves)),
  }),
  claimed: fc.record({
    ...{ newStateRoot: hash, newAccInputHash: hash, newLocalExitRoot: hash },
    blocks: fc.array(
      fc.record({
        ...{ blockNumber: number.map(BlockNumber), timestamp: number, stateRoot: hash, blockInfoRoot: hash },
        ...{ globalExitRoot: hash, l1BlockHash: hash, gasUsed: number, txCount: number },
      }),
      { maxLength: 3 },
    ),
  }),
})

const reversed = (value: object) => Object.fromEntries(Object.entries(value).reverse())

test('inputs come back as they were', () => {
  fc.assert(
    fc.property(jobInputs, (job) => {
      expect(decodeJobInputs(encodeJobInputs(job))).toEqual(job)
    }),
  )
})

test('equal inputs are equal bytes, in whatever order they were put together', () => {
  fc.assert(
    fc.property(jobInputs, ({ inputs, claimed }) => {
      const l1InfoTreeData = new Map([...inputs.l1InfoTreeData].reverse())
      const other = {
        claimed: { ...reversed(claimed), blocks: claimed.blocks.map(reversed) },
        inputs: reversed({ ...inputs, l1InfoTreeData }),
      } as unknown as JobInputs
      expect(Buffer.from(encodeJobInputs(other)).equals(encodeJobInputs({ inputs, claimed }))).toBe(true)
    }),
  )
})

describe('what is not exactly in the form is refused, naming the field', () => {
  type Written = { version: number; inputs: Record<string, unknown>; claimed: Record<string, unknown> }
  const [sample] = fc.sample(jobInputs, { numRuns: 1, seed: 1 })
  const decode = (alter: (written: Written) => void) => {
    const written = JSON.parse(new TextDecoder().decode(encodeJobInputs(sample!))) as Written
    alter(written)
    return () => decodeJobInputs(new TextEncoder().encode(JSON.stringify(written)))
  }
  const root = `0x${'ab'.repeat(32)}`
  const leafAt = (index: number) => [index, { globalExitRoot: root, blockHashL1: root, minTimestamp: 1, proof: [] }]

  test.each<[string, string, (written: Written) => void]>([
    ['another version', 'version', (job) => (job.version = 2)],
    ['a field too much', '(whole)', (job) => Object.assign(job, { more: 1 })],
    ['a field too much among the inputs', 'inputs', ({ inputs }) => (inputs['more'] = 1)],
    ['a missing field', 'inputs.coinbase', ({ inputs }) => delete inputs['coinbase']],
    ['capital letters', 'inputs.oldStateRoot', ({ inputs }) => (inputs['oldStateRoot'] = root.toUpperCase())],
    ['a short hash', 'claimed.newStateRoot', ({ claimed }) => (claimed['newStateRoot'] = '0xab')],
    ['half a byte', 'inputs.batchL2Data', ({ inputs }) => (inputs['batchL2Data'] = '0xabc')],
    ['a negative batch', 'inputs.batchNumber', ({ inputs }) => (inputs['batchNumber'] = -1)],
    ['a number as text', 'inputs.chainId', ({ inputs }) => (inputs['chainId'] = '1000')],
    ['leaves out of order', 'l1InfoTreeData', ({ inputs }) => (inputs['l1InfoTreeData'] = [leafAt(2), leafAt(1)])],
    ['a leaf that comes twice', 'l1InfoTreeData', ({ inputs }) => (inputs['l1InfoTreeData'] = [leafAt(2), leafAt(2)])],
    ['a block without roots', 'claimed.blocks.0', ({ claimed }) => (claimed['blocks'] = [{ blockNumber: 1 }])],
  ])('%s', (_, field, alter) => {
    expect(decode(alter)).toThrow(JobInputsError)
    expect(decode(alter)).toThrow(field)
  })

  test('unaltered it is read, so the tests above mean something', () => {
    expect(decode(() => {})()).toEqual(sample)
  })

  test.each([new Uint8Array(), Uint8Array.of(0xff), new TextEncoder().encode('{"version":1'), new Uint8Array([0x31])])(
    'bytes that are no JSON object: %s',
    (bytes) => {
      expect(() => decodeJobInputs(bytes)).toThrow(JobInputsError)
    },
  )
})
