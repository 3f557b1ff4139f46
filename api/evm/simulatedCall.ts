import type { SimulatedCall } from '#executor/simulate.ts'
import type { ApiDeps } from '../deps.ts'
import { serverError } from '../errors.ts'
import type { CallObject } from './callObject.ts'

const MAX_UINT64 = 2n ** 64n - 1n

/** A call within the limits of the node. @throws {RpcError} -32000 of another chain, or for gas of more than 64 bits */
export function toSimulatedCall(
  call: CallObject,
  { limits, chainId }: Pick<ApiDeps, 'limits' | 'chainId'>,
): SimulatedCall {
  const { from, to, gas, gasPrice, value, data } = call
  if (call.chainId !== undefined && call.chainId !== BigInt(chainId))
    throw serverError(`invalid chain id: have ${call.chainId}, want ${chainId}`)
  requireUint64Gas(gas)
  const isBelowCap = gas !== undefined && gas < BigInt(limits.gasCap)
  return { from, to, gas: isBelowCap ? Number(gas) : limits.gasCap, gasPrice, value, data }
}

/** @throws {RpcError} -32000: no transaction can carry more */
export function requireUint64Gas(gas: bigint | undefined): void {
  if (gas !== undefined && gas > MAX_UINT64) throw serverError(`gas uint64 overflow: gas ${gas}`)
}
