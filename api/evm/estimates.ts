import type { StateOverrides } from '#executor/stateOverrides.ts'
import { MAX_TRANSACTION_GAS } from '#pool/admission.ts'
import type { ApiDeps } from '../deps.ts'
import type { CallObject } from './callObject.ts'
import { requireEstimate } from './callOutcome.ts'
import { toSimulatedCall } from './simulatedCall.ts'
import type { EvmBlock } from './threads/job.ts'

type Options = { overrides?: StateOverrides | undefined; signal?: AbortSignal | undefined }

/** Least gas limit of a call on the state after a block. @throws {RpcError} when it fails, whatever the limit */
export async function estimateGas(
  deps: ApiDeps,
  call: CallObject,
  block: EvmBlock,
  { overrides, signal }: Options,
): Promise<number> {
  const simulated = toSimulatedCall(call, deps)
  const request = {
    call: { ...simulated, gas: Math.min(simulated.gas, Number(MAX_TRANSACTION_GAS)) },
    block,
    overrides,
  }
  return requireEstimate(await deps.evm.run('estimateGas', request, { timeoutMs: deps.limits.evmTimeoutMs, signal }))
}
