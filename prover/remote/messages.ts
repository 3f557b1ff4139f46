import { loadProto } from './protoCodec.ts'

/** Messages of aggregator.proto, as objects. A message inside another one is null when it is left out. */

type Empty = Record<string, never>

export type L1Data = {
  globalExitRoot: Uint8Array
  blockhashL1: Uint8Array
  minTimestamp: number
  smtProof: Uint8Array[]
}
export type PublicInputs = {
  oldStateRoot: Uint8Array
  oldAccInputHash: Uint8Array
  oldBatchNum: number
  chainId: number
  forkId: number
  batchL2Data: Uint8Array
  l1InfoRoot: Uint8Array
  timestampLimit: number
  sequencerAddr: string
  forcedBlockhashL1: Uint8Array
  aggregatorAddr: string
  l1InfoTreeData: Record<number, L1Data>
}
export type PublicInputsExtended = {
  publicInputs: PublicInputs | null
  newStateRoot: Uint8Array
  newAccInputHash: Uint8Array
  newLocalExitRoot: Uint8Array
  newBatchNum: number
}
export type InputProver = {
  publicInputs: PublicInputs | null
  db: Record<string, string>
  contractsBytecode: Record<string, string>
}
export type StatelessPublicInputs = {
  witness: Uint8Array
  dataStream: Uint8Array
  oldAccInputHash: Uint8Array
  l1InfoRoot: Uint8Array
  timestampLimit: number
  sequencerAddr: string
  forcedBlockhashL1: Uint8Array
  aggregatorAddr: string
  l1InfoTreeData: Record<number, L1Data>
}
export type FinalProofMessage = { proof: string; public: PublicInputsExtended | null }

export type GetStatusResponse = {
  status: 'STATUS_UNSPECIFIED' | 'STATUS_BOOTING' | 'STATUS_COMPUTING' | 'STATUS_IDLE' | 'STATUS_HALT'
  lastComputedRequestId: string
  lastComputedEndTime: number
  currentComputingRequestId: string
  currentComputingStartTime: number
  versionProto: string
  versionServer: string
  pendingRequestQueueIds: string[]
  proverName: string
  proverId: string
  numberOfCores: number
  totalMemory: number
  freeMemory: number
  forkId: number
}
export type Result = 'RESULT_UNSPECIFIED' | 'RESULT_OK' | 'RESULT_ERROR' | 'RESULT_INTERNAL_ERROR'
/** `id` names the computation in GetProofRequest and CancelRequest. */
export type GenProofResponse = { id: string; result: Result }
export type GetProofResponse = {
  id: string
  proof?: 'finalProof' | 'recursiveProof'
  finalProof?: FinalProofMessage
  recursiveProof?: string
  result:
    | 'RESULT_UNSPECIFIED'
    | 'RESULT_COMPLETED_OK'
    | 'RESULT_ERROR'
    | 'RESULT_COMPLETED_ERROR'
    | 'RESULT_PENDING'
    | 'RESULT_INTERNAL_ERROR'
    | 'RESULT_CANCEL'
  resultString: string
}

export type Requests = {
  getStatusRequest: Empty
  genBatchProofRequest: { input: InputProver }
  genAggregatedProofRequest: { recursiveProof_1: string; recursiveProof_2: string }
  genFinalProofRequest: { recursiveProof: string; aggregatorAddr: string }
  cancelRequest: { id: string }
  getProofRequest: { id: string; timeout?: number }
  genStatelessBatchProofRequest: { input: { publicInputs: StatelessPublicInputs } }
}
export type Responses = {
  getStatusResponse: GetStatusResponse
  genBatchProofResponse: GenProofResponse
  genAggregatedProofResponse: GenProofResponse
  genFinalProofResponse: GenProofResponse
  cancelResponse: { result: Result }
  getProofResponse: GetProofResponse
}

/** Which answer belongs to which request. */
export const ANSWERS = {
  getStatusRequest: 'getStatusResponse',
  genBatchProofRequest: 'genBatchProofResponse',
  genAggregatedProofRequest: 'genAggregatedProofResponse',
  genFinalProofRequest: 'genFinalProofResponse',
  cancelRequest: 'cancelResponse',
  getProofRequest: 'getProofResponse',
  genStatelessBatchProofRequest: 'genBatchProofResponse',
} as const satisfies Record<keyof Requests, keyof Responses>

export type RequestName = keyof Requests
export type AnswerTo<Name extends RequestName> = Responses[(typeof ANSWERS)[Name]]

/** `request` and `response` name the member that is set; there is none in a message without one. */
export type AggregatorMessage = { id: string; request?: RequestName } & Partial<Requests>
export type ProverMessage = { id: string; response?: keyof Responses } & Partial<Responses>

const codecOf = loadProto('./aggregator.proto')
export const aggregatorMessage = codecOf<AggregatorMessage>('aggregator.v1.AggregatorMessage')
export const proverMessage = codecOf<ProverMessage>('aggregator.v1.ProverMessage')

/** Where the stream is served. */
export const CHANNEL_PATH = '/aggregator.v1.AggregatorService/Channel'
