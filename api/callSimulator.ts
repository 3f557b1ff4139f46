import type { HeaderRow } from '#db/rpc/blocks.ts'
import { CounterMeter } from '#executor/counters/meter.ts'
import { addCounters, blockCounters, executionTreeLevels, findExhaustedCounter } from '#executor/counters/zkCounters.ts'
import { ExecutionAbortedError } from '#executor/evm/deadline.ts'
import { intrinsicGas } from '#executor/intrinsic.ts'
import { runMessage } from '#executor/runTransaction.ts'
import { WorldState } from '#executor/worldState.ts'
import { type ForkRules, getForkRules } from '#protocol/forks.ts'
import type { Address } from '#protocol/primitives.ts'
import { timedOut } from './errors.ts'
import type { StateReaders } from './stateReaders.ts'

/** An unsigned transaction to try out. Units as in a signed one. */
export type SimulatedCall = {
  from: Address
  /** undefined creates a contract. */
  to: Address | undefined
  gas: bigint
  /** A price above zero is charged before the call, as of a transaction. */
  gasPrice: bigint
  value: bigint
  data: Uint8Array
}

export type SimulationResult = {
  success: boolean
  returnData: Uint8Array
  gasUsed: bigint
  /** Why it failed: EXECUTION_REVERTED, another halt in the executor's words, or the rule that kept it from running. */
  error: string | undefined
  /** The zk-counter that no batch has enough of for this call. */
  exhaustedCounter: string | undefined
}

export const EXECUTION_REVERTED = 'execution reverted'

/** Runs calls on the state after a block and keeps nothing of what they do. */
export interface CallSimulator {
  /** @throws {RpcError} -32002 when it takes longer than the limit */
  simulate(call: SimulatedCall, block: HeaderRow): Promise<SimulationResult>
}

/**
 * Simulates in this process on the versioned state. The call sees the number, time and coinbase of the block it names,
 * as on Ethereum. Until it ends or its time is over, a call has the event loop for itself but for waits on the database.
 */
export function createCallSimulator({
  stateAt,
  chainId,
  forkId,
  timeoutMs,
}: {
  stateAt: StateReaders
  chainId: number
  forkId: number
  timeoutMs: number
}): CallSimulator {
  const rules = getForkRules(forkId)
  return {
    async simulate(call, header) {
      const { from, to, gasPrice, value, data } = call
      const gasLimit = Number(call.gas)
      const world = new WorldState(stateAt(header), { maxEntries: Number.POSITIVE_INFINITY })
      await world.prefetch([from, header.coinbase], to === undefined ? [] : [to])
      const sender = world.account(from)
      const intrinsic = intrinsicGas(data, to === undefined)
      if (gasLimit < intrinsic) return refused(`intrinsic gas too low: gas ${gasLimit}, minimum needed ${intrinsic}`)
      const fee = gasPrice * BigInt(gasLimit)
      if (sender.balance < fee + value)
        return refused(
          `insufficient funds for gas * price + value: balance ${sender.balance}, tx cost ${fee + value}, overshot ${fee + value - sender.balance}`,
        )
      const { nonce } = sender
      world.beginTransaction()
      world.setNonce(sender, nonce + 1n)
      if (fee > 0n) world.setBalance(sender, sender.balance - fee)
      const counters = new CounterMeter(rules)
      const block = {
        number: header.blockNumber,
        timestamp: header.timestamp,
        coinbase: header.coinbase,
        gasLimit: header.gasLimit,
        chainId,
      }
      const context = { world, rules, block, counters, deadline: Date.now() + timeoutMs }
      try {
        const message = { to, gasLimit, gasPrice, value, data, nonce }
        const result = await runMessage(context, sender, message, intrinsic)
        return {
          success: result.success,
          returnData: result.returnData,
          gasUsed: BigInt(result.gasUsed),
          error: result.error,
          exhaustedCounter: findExhausted(rules, counters),
        }
      } catch (error) {
        if (error instanceof ExecutionAbortedError) throw timedOut()
        throw error
      }
    },
  }
}

/** Against an empty batch with one block: what does not fit there never runs. */
function findExhausted(rules: ForkRules, meter: CounterMeter): string | undefined {
  if (rules.counterBudget === undefined) return undefined
  const used = addCounters(
    meter.total(executionTreeLevels(rules, undefined)),
    blockCounters(rules, undefined, { marker: true, info: true }),
  )
  return findExhaustedCounter(used, rules.counterBudget)
}

function refused(error: string): SimulationResult {
  return { success: false, returnData: new Uint8Array(), gasUsed: 0n, error, exhaustedCounter: undefined }
}
