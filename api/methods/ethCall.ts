import { bytesToHex } from '#common/bytes.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import type { StateOverrides } from '#executor/stateOverrides.ts'
import { MAX_TRANSACTION_GAS } from '#pool/admission.ts'
import type { Address } from '#protocol/primitives.ts'
import { getBlockByParameter } from '../blockTag.ts'
import type { CallObject } from '../callObject.ts'
import { parseCallObject } from '../callObject.ts'
import { callError, requireSuccess } from '../callOutcome.ts'
import type { ApiDeps } from '../deps.ts'
import { serverError } from '../errors.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import { blockParam, customParam, optional } from '../params.ts'
import * as schema from '../schemas.ts'
import { stateOverrideParam } from '../stateOverride.ts'

const TRANSFER_GAS = 21_000n
const HIGHEST_PRECOMPILE = 0xffffn

/** Trying calls out. */
export const ethCallMethods = (deps: ApiDeps) => {
  const { evm, limits } = deps
  const gasCap = BigInt(limits.gasCap)
  const callParam = customParam('transaction', { type: 'object' }, parseCallObject)

  return [
    method({
      name: 'eth_call',
      summary: 'Result of a call on the state after a block',
      cost: 10,
      params: [callParam, optional(blockParam('block')), optional(stateOverrideParam)],
      result: schema.bytes,
      handle: async ([call, block, overrides]) => {
        const header = await getBlockByParameter(deps, block)
        const gas = call.gas === undefined || call.gas > gasCap ? gasCap : call.gas
        const request = { call: { ...call, gas: Number(gas) }, block: await deps.evmBlock(header), overrides }
        const result = await evm.run('call', request, { timeoutMs: limits.evmTimeoutMs })
        return bytesToHex(requireSuccess(result, request.call).returnData)
      },
    }),
    method({
      name: 'eth_estimateGas',
      summary: 'Smallest gas limit, nearly, with which the transaction succeeds',
      cost: 10,
      params: [callParam, optional(blockParam('block')), optional(stateOverrideParam)],
      result: schema.quantity,
      handle: async ([call, block, overrides]) => {
        const header = await getBlockByParameter(deps, block)
        return quantity(await estimateGas(call, header, overrides))
      },
    }),
  ]

  async function estimateGas(call: CallObject, header: HeaderRow, overrides?: StateOverrides): Promise<bigint> {
    const balance = await readBalanceFor(call, header, overrides)
    const allowance = affordableGas(call, balance)
    const most = smallest(call.gas ?? MAX_TRANSACTION_GAS, MAX_TRANSACTION_GAS, gasCap, allowance)
    if (call.to !== undefined && call.data.length === 0 && most >= TRANSFER_GAS)
      if (await hasNoCode(call.to, header, overrides)) return TRANSFER_GAS
    const request = { call: { ...call, gas: Number(most) }, block: await deps.evmBlock(header), overrides }
    const estimate = await evm.run('estimateGas', request, { timeoutMs: limits.evmTimeoutMs })
    if (estimate.kind === 'estimated') return BigInt(estimate.gas)
    if (estimate.kind === 'out-of-counters') throw serverError(`out of counters: ${estimate.counter}`)
    const { result } = estimate
    if (result.kind === 'executed' && result.error === 'out of gas' && most === allowance)
      throw serverError(`gas required exceeds allowance (${allowance})`)
    throw callError(result, request.call)
  }

  async function readBalanceFor(
    { from, value, gasPrice }: CallObject,
    header: HeaderRow,
    overrides: StateOverrides | undefined,
  ): Promise<bigint | undefined> {
    if (value === 0n && gasPrice === 0n) return undefined
    const [account] = await deps.stateAt(header).getAccounts([from])
    return overrides?.get(from)?.balance ?? account!.balance
  }

  function affordableGas({ value, gasPrice }: CallObject, balance: bigint | undefined): bigint {
    if (balance === undefined) return MAX_TRANSACTION_GAS
    if (value > balance) throw serverError('insufficient funds for gas * price + value')
    return gasPrice === 0n ? MAX_TRANSACTION_GAS : (balance - value) / gasPrice
  }

  async function hasNoCode(to: Address, header: HeaderRow, overrides: StateOverrides | undefined): Promise<boolean> {
    if (BigInt(to) <= HIGHEST_PRECOMPILE) return false
    const [account] = await deps.stateAt(header).getAccounts([to])
    return (overrides?.get(to)?.code?.length ?? account!.codeSize) === 0
  }
}

function smallest(...values: bigint[]): bigint {
  let [least] = values as [bigint]
  for (const value of values) if (value < least) least = value
  return least
}
