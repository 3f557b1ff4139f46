import { bytesToHex } from '#common/bytes.ts'
import type { HeaderRow } from '#db/rpc/blocks.ts'
import { MAX_TRANSACTION_GAS } from '#pool/admission.ts'
import { getBlockByParameter } from '../blockTag.ts'
import type { CallObject } from '../callObject.ts'
import { parseCallObject } from '../callObject.ts'
import { type CallOutcome, EXECUTION_REVERTED } from '../callSimulator.ts'
import type { ApiDeps } from '../deps.ts'
import { serverError } from '../errors.ts'
import { quantity } from '../format.ts'
import { method } from '../method.ts'
import { blockParam, customParam, optional } from '../params.ts'
import { executionReverted } from '../revert.ts'
import * as schema from '../schemas.ts'
import { stateOverrideParam } from '../stateOverride.ts'

/** The estimate stops when it is known to this share of itself; in all it stays within 1.5 times the gas used. */
const ESTIMATE_PRECISION = 64n
const TRANSFER_GAS = 21_000n

/** Trying calls out. */
export const ethCallMethods = (deps: ApiDeps) => {
  const { simulator, limits } = deps
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
        const result = await simulator.simulate({ ...call, gas: Number(gas) }, header, overrides)
        return bytesToHex(requireSuccess(result).returnData)
      },
    }),
    method({
      name: 'eth_estimateGas',
      summary: 'Smallest gas limit, nearly, with which the transaction succeeds',
      cost: 10,
      params: [callParam, optional(blockParam('block'))],
      result: schema.quantity,
      handle: async ([call, block]) => {
        const header = await getBlockByParameter(deps, block)
        return quantity(await estimateGas(call, header))
      },
    }),
  ]

  async function estimateGas(call: CallObject, header: HeaderRow): Promise<bigint> {
    const balance = await readBalanceFor(call, header)
    const allowance = await affordableGas(call, balance)
    let high = smallest(call.gas ?? MAX_TRANSACTION_GAS, MAX_TRANSACTION_GAS, gasCap, allowance)
    if (call.to !== undefined && call.data.length === 0 && high >= TRANSFER_GAS && (await hasNoCode(call, header)))
      return TRANSFER_GAS
    const attempt = (gas: bigint) => simulator.simulate({ ...call, gas: Number(gas) }, header)
    const first = await attempt(high)
    if (!first.success && first.error === 'out of gas' && high === allowance)
      throw serverError(`gas required exceeds allowance (${allowance})`)
    const { gasUsed, exhaustedCounter } = requireSuccess(first)
    if (exhaustedCounter !== undefined) throw serverError(`out of counters: ${exhaustedCounter}`)
    // Refunds and the 63/64 rule make some calls need more than they use: most succeed with this little more.
    let low = BigInt(gasUsed) - 1n
    for (let guess = BigInt(gasUsed); low + 1n < high; ) {
      if ((await attempt(guess)).success) high = guess
      else low = guess
      if (high - low <= high / ESTIMATE_PRECISION) break
      const middle = (low + high) / 2n
      guess = smallest(middle, 2n * low)
    }
    return high
  }

  async function readBalanceFor({ from, value, gasPrice }: CallObject, header: HeaderRow): Promise<bigint | undefined> {
    if (value === 0n && gasPrice === 0n) return undefined
    const [account] = await deps.stateAt(header).getAccounts([from])
    return account!.balance
  }

  async function affordableGas({ value, gasPrice }: CallObject, balance: bigint | undefined): Promise<bigint> {
    if (balance === undefined) return MAX_TRANSACTION_GAS
    if (value > balance) throw serverError('insufficient funds for gas * price + value')
    return gasPrice === 0n ? MAX_TRANSACTION_GAS : (balance - value) / gasPrice
  }

  async function hasNoCode({ to }: CallObject, header: HeaderRow): Promise<boolean> {
    if (BigInt(to!) <= HIGHEST_PRECOMPILE) return false
    const [account] = await deps.stateAt(header).getAccounts([to!])
    return account!.codeSize === 0
  }
}

const HIGHEST_PRECOMPILE = 0xffffn

function smallest(...values: bigint[]): bigint {
  let [least] = values as [bigint]
  for (const value of values) if (value < least) least = value
  return least
}

function requireSuccess(result: CallOutcome): CallOutcome {
  if (result.success) return result
  if (result.error === EXECUTION_REVERTED) throw executionReverted(result.returnData)
  throw serverError(result.error ?? 'execution failed')
}
