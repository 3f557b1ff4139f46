import type { SimulatedCall, SimulationResult } from '#executor/simulate.ts'
import { type RpcError, serverError } from './errors.ts'
import { executionReverted } from './revert.ts'

export type ExecutedCall = Extract<SimulationResult, { kind: 'executed' }>

const EXECUTION_REVERTED = 'execution reverted'

/** Why a call came to nothing, as its caller is told; undefined when it did not fail. */
export function callError(result: SimulationResult, { gas }: Pick<SimulatedCall, 'gas'>): RpcError | undefined {
  if (result.kind === 'executed') {
    if (result.success) return undefined
    if (result.error === EXECUTION_REVERTED) return executionReverted(result.returnData)
    return serverError(result.error ?? 'execution failed')
  }
  const { error, intrinsicGas, balance, cost } = result
  return serverError(
    error === 'INTRINSIC_INVALID_GAS_LIMIT'
      ? `intrinsic gas too low: gas ${gas}, minimum needed ${intrinsicGas}`
      : `insufficient funds for gas * price + value: balance ${balance}, tx cost ${cost}, overshot ${cost - balance}`,
  )
}

/** @throws {RpcError} when the call failed */
export function requireSuccess(result: SimulationResult, call: Pick<SimulatedCall, 'gas'>): ExecutedCall {
  const error = callError(result, call)
  if (error !== undefined) throw error
  return result as ExecutedCall
}
