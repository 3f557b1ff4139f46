import { describe, expect, test } from 'vitest'
import {
  type AggregatorMessage,
  aggregatorMessage,
  type ProverMessage,
  type PublicInputs,
  proverMessage,
} from './messages.ts'
import { MessageFormatError } from './protoCodec.ts'

const bytes = (...values: number[]) => Buffer.from(values)
const leaves = {
  3: { globalExitRoot: bytes(1), blockhashL1: bytes(2), minTimestamp: 2 ** 32 - 1, smtProof: [bytes(3), bytes(4)] },
}
const publicInputs: PublicInputs = {
  ...{ oldStateRoot: bytes(1), oldAccInputHash: bytes(2), oldBatchNum: 3, chainId: 4, forkId: 5 },
  ...{ batchL2Data: bytes(6), l1InfoRoot: bytes(7), timestampLimit: 2 ** 40, sequencerAddr: '0x09' },
  ...{ forcedBlockhashL1: bytes(10), aggregatorAddr: '0x0c', l1InfoTreeData: leaves },
}
const { oldStateRoot, oldBatchNum, chainId, forkId, batchL2Data, ...kept } = publicInputs
const stateless = { ...kept, witness: bytes(1), dataStream: bytes(2) }

const requests: Omit<AggregatorMessage, 'id' | 'request'>[] = [
  { getStatusRequest: {} },
  { genBatchProofRequest: { input: { publicInputs, db: { aa: 'bb' }, contractsBytecode: { cc: 'dd' } } } },
  { genAggregatedProofRequest: { recursiveProof_1: 'one', recursiveProof_2: 'two' } },
  { genFinalProofRequest: { recursiveProof: 'one', aggregatorAddr: '0x0c' } },
  { cancelRequest: { id: 'r' } },
  { getProofRequest: { id: 'r', timeout: 5 } },
  { genStatelessBatchProofRequest: { input: { publicInputs: stateless } } },
]
const publicEnd = { newStateRoot: bytes(2), newAccInputHash: bytes(3), newLocalExitRoot: bytes(4), newBatchNum: 5 }
const responses: Omit<ProverMessage, 'id' | 'response'>[] = [
  {
    getStatusResponse: {
      ...{ status: 'STATUS_HALT', lastComputedRequestId: 'l', lastComputedEndTime: 3, currentComputingRequestId: 'c' },
      ...{ currentComputingStartTime: 5, versionProto: 'v0_0_1', versionServer: '0.0.1' },
      ...{ pendingRequestQueueIds: ['a', 'b'], proverName: 'n', proverId: 'i', numberOfCores: 11 },
      ...{ totalMemory: 2 ** 41, freeMemory: 13, forkId: 14 },
    },
  },
  { genBatchProofResponse: { id: 'r', result: 'RESULT_OK' } },
  { genAggregatedProofResponse: { id: 'r', result: 'RESULT_ERROR' } },
  { genFinalProofResponse: { id: 'r', result: 'RESULT_INTERNAL_ERROR' } },
  { cancelResponse: { result: 'RESULT_OK' } },
  {
    getProofResponse: {
      ...{ id: 'r', result: 'RESULT_COMPLETED_OK', resultString: 'completed', proof: 'finalProof' },
      finalProof: { proof: '0x00', public: { publicInputs, ...publicEnd } },
    },
  },
  {
    getProofResponse: {
      ...{ id: 'r', result: 'RESULT_PENDING', resultString: '', proof: 'recursiveProof', recursiveProof: 'text' },
    },
  },
]

describe('every message comes back as it went', () => {
  test.each(requests)('%o', (request) => {
    const [name] = Object.keys(request)
    expect(aggregatorMessage.decode(aggregatorMessage.encode({ id: '7', ...request }))).toEqual({
      ...{ id: '7', request: name, ...request },
    })
  })
  test.each(responses)('%o', (response) => {
    const [name] = Object.keys(response)
    expect(proverMessage.decode(proverMessage.encode({ id: '7', ...response }))).toEqual({
      ...{ id: '7', response: name, ...response },
    })
  })
})

/** Field number and wire type are the tag; written by hand from the tables of the protocol. */
describe('field numbers and types on the wire', () => {
  const hexOf = (message: Omit<AggregatorMessage, 'id'>) =>
    aggregatorMessage.encode({ id: '7', ...message }).toString('hex')
  test('requests', () => {
    expect(hexOf({ getStatusRequest: {} })).toBe('0a01371200')
    expect(hexOf({ cancelRequest: { id: 'r' } })).toBe('0a01373203' + '0a0172')
    expect(hexOf({ getProofRequest: { id: 'r', timeout: 5 } })).toBe('0a01373a05' + '0a0172' + '1005')
    expect(hexOf({ genAggregatedProofRequest: { recursiveProof_1: 'a', recursiveProof_2: 'b' } })).toBe(
      '0a01372206' + '0a0161' + '120162',
    )
    expect(hexOf({ genFinalProofRequest: { recursiveProof: 'a', aggregatorAddr: 'b' } })).toBe(
      '0a01372a06' + '0a0161' + '120162',
    )
  })

  test('answers', () => {
    const sizeOf = (hex: string) => (hex.length / 2).toString(16).padStart(2, '0')
    const status = '0803' + '1201' + '6c' + '4a016e' + '520169' + '5804' + '6005' + '6806' + '7009'
    expect(proverMessage.decode(Buffer.from(`0a013712${sizeOf(status)}${status}`, 'hex'))).toMatchObject({
      response: 'getStatusResponse',
      getStatusResponse: {
        ...{ status: 'STATUS_IDLE', lastComputedRequestId: 'l', proverName: 'n', proverId: 'i' },
        ...{ numberOfCores: 4, totalMemory: 5, freeMemory: 6, forkId: 9 },
      },
    })
    const proof = '0a0172' + '1a0170' + '2001' + '2a016f'
    expect(proverMessage.decode(Buffer.from(`3a${sizeOf(proof)}${proof}`, 'hex'))).toEqual({
      id: '',
      response: 'getProofResponse',
      getProofResponse: {
        ...{ id: 'r', proof: 'recursiveProof', recursiveProof: 'p', result: 'RESULT_COMPLETED_OK', resultString: 'o' },
      },
    })
  })

  test('fields that newer provers add are passed over', () => {
    expect(proverMessage.decode(Buffer.from('0a0137' + '320208' + '01' + 'c20c0161', 'hex'))).toEqual({
      ...{ id: '7', response: 'cancelResponse', cancelResponse: { result: 'RESULT_OK' } },
    })
  })
})

test.each([
  ['a field that ends too early', '0aff'],
  ['a wire type that does not exist', '0f'],
  ['a string where a message is', '12026161'],
])('%s is no message', (_, hex) => {
  expect(() => proverMessage.decode(Buffer.from(hex, 'hex'))).toThrow(MessageFormatError)
})

test('a message without an answer has none', () => {
  expect(proverMessage.decode(Buffer.alloc(0))).toEqual({ id: '' })
})
