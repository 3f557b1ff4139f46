import type { GasEstimate } from '#executor/estimateGas.ts'
import type { SimulatedCall, SimulationResult } from '#executor/simulate.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import { RPC_CODE, RpcError, serverError } from '../errors.ts'
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

/** No batch has room for what it uses of this counter. */
export const outOfCounters = (counter: keyof ZkCounters) =>
  new RpcError(RPC_CODE.server, `out of counters: ${counter}`, { data: { counter } })

/** @throws {RpcError} when there is no limit that would do */
export function requireEstimate(estimate: GasEstimate): number {
  if (estimate.kind === 'estimated') return estimate.gas
  if (estimate.kind === 'out-of-counters') throw outOfCounters(estimate.counter)
  const { result, gas, isShortOfFunds } = estimate
  const isOutOfGas =
    result.kind === 'executed' ? result.error === 'out of gas' : result.error === 'INTRINSIC_INVALID_GAS_LIMIT'
  if (isOutOfGas && isShortOfFunds) throw serverError(`gas required exceeds allowance (${gas})`)
  throw callError(result, estimate)
}
