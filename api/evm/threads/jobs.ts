import type { EvmJob } from './job.ts'
import { accessListJob } from './jobs/accessList.ts'
import { callJob } from './jobs/call.ts'
import { callManyJob } from './jobs/callMany.ts'
import { estimateGasJob } from './jobs/estimateGas.ts'
import { simulateBlocksJob } from './jobs/simulateBlocks.ts'
import { storageWritesJob } from './jobs/storageWrites.ts'
import { traceBlockJob } from './jobs/traceBlock.ts'
import { traceCallsJob } from './jobs/traceCalls.ts'

/** Every kind of job, by the name it is asked for. */
export const evmJobs = {
  call: callJob,
  callMany: callManyJob,
  estimateGas: estimateGasJob,
  accessList: accessListJob,
  simulateBlocks: simulateBlocksJob,
  storageWrites: storageWritesJob,
  traceBlock: traceBlockJob,
  traceCalls: traceCallsJob,
}

export type JobKind = keyof typeof evmJobs
export type JobRequest<Kind extends JobKind> =
  (typeof evmJobs)[Kind] extends EvmJob<infer Request, infer _Response> ? Request : never
export type JobResponse<Kind extends JobKind> =
  (typeof evmJobs)[Kind] extends EvmJob<infer _Request, infer Response> ? Response : never
