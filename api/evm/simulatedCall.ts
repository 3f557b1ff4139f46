import type { SimulatedCall } from '#executor/simulate.ts'
import type { ApiDeps } from '../deps.ts'
import { serverError } from '../errors.ts'
import type { CallObject } from './callObject.ts'

/** A call within the limits of the node. @throws {RpcError} -32000 when it is of another chain */
export function toSimulatedCall(
  call: CallObject,
  { limits, chainId }: Pick<ApiDeps, 'limits' | 'chainId'>,
): SimulatedCall {
  const { from, to, gas, gasPrice, value, data } = call
  if (call.chainId !== undefined && call.chainId !== BigInt(chainId))
    throw serverError(`invalid chain id: have ${call.chainId}, want ${chainId}`)
  const isBelowCap = gas !== undefined && gas < BigInt(limits.gasCap)
  return { from, to, gas: isBelowCap ? Number(gas) : limits.gasCap, gasPrice, value, data }
}
