import type { MethodDefinition, ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import { type AggregatorMessage, aggregatorMessage, CHANNEL_PATH } from './messages.ts'
import { loadProto } from './protoCodec.ts'

/** Frames of the stream: outgoing messages are written, incoming bytes are left to the reader of the stream. */
const channel: MethodDefinition<Buffer, AggregatorMessage> = {
  path: CHANNEL_PATH,
  requestStream: true,
  responseStream: true,
  requestSerialize: (bytes) => bytes,
  requestDeserialize: (bytes) => bytes,
  responseSerialize: aggregatorMessage.encode,
  responseDeserialize: aggregatorMessage.decode,
}
export const aggregatorService: ServiceDefinition = { channel }

type HealthRequest = { service: string }
type HealthResponse = { status: 'SERVING' }
const codecOf = loadProto('./health.proto')
const healthRequest = codecOf<HealthRequest>('grpc.health.v1.HealthCheckRequest')
const healthResponse = codecOf<HealthResponse>('grpc.health.v1.HealthCheckResponse')

const healthMethod = (name: string, responseStream: boolean): MethodDefinition<HealthRequest, HealthResponse> => ({
  path: `/grpc.health.v1.Health/${name}`,
  requestStream: false,
  responseStream,
  requestSerialize: healthRequest.encode,
  requestDeserialize: healthRequest.decode,
  responseSerialize: healthResponse.encode,
  responseDeserialize: healthResponse.decode,
})
export const healthService: ServiceDefinition = {
  check: healthMethod('Check', false),
  watch: healthMethod('Watch', true),
}

/** A server that answers at all serves. */
export const healthImplementation: UntypedServiceImplementation = {
  check: (_call: unknown, answer: (error: null, response: HealthResponse) => void) =>
    answer(null, { status: 'SERVING' }),
  watch: (stream: { write: (response: HealthResponse) => void }) => stream.write({ status: 'SERVING' }),
}
