import { type SimulatedCall, simulateOn } from '#executor/simulate.ts'
import type { StateOverrides } from '#executor/stateOverrides.ts'
import { createRecorder, type TracerSpec } from '#executor/tracers/createRecorder.ts'
import { TraceBudget } from '#executor/tracers/recorder.ts'
import type { WorldState } from '#executor/worldState.ts'
import { callError } from '../../callOutcome.ts'
import { MAX_TRACE_BYTES } from '../../traceConfig.ts'
import { withBlockWorld } from '../blockWorld.ts'
import { type EvmBlock, type EvmJob, evmJob } from '../job.ts'
import { simulationOptions } from '../simulationOptions.ts'
import { answerTooLarge } from './answerTooLarge.ts'

export type TraceCallsRequest = {
  calls: readonly { call: SimulatedCall; spec: TracerSpec }[]
  block: EvmBlock
  overrides?: StateOverrides | undefined
}

/** Traces of calls as JSON, each on the state the calls before it have left. @throws {RpcError} when one is refused */
export const traceCallsJob: EvmJob<TraceCallsRequest, string[]> = evmJob(
  async ({ calls, block, overrides }, job) => {
    const options = simulationOptions(block, overrides, job.pace)
    const budget = new TraceBudget(MAX_TRACE_BYTES)
    const traces: string[] = []
    const traceAll = async (world: WorldState) => {
      for (const { call, spec } of calls) {
        const recorder = createRecorder(spec, budget)
        const result = await simulateOn(world, call, { ...options, tracer: recorder.tracer })
        if (result.kind === 'refused') throw callError(result, call)
        traces.push(JSON.stringify(await recorder.result({ gasLimit: call.gas, ...result }, world)))
      }
    }
    await withBlockWorld(block, overrides, job, traceAll).catch(answerTooLarge)
    return traces
  },
  { isTrace: true },
)
