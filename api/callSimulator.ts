import type { HeaderRow } from '#db/rpc/blocks.ts'
import { ExecutionAbortedError, Pace } from '#executor/evm/pace.ts'
import { type SimulatedCall, type SimulationResult, simulateCall } from '#executor/simulate.ts'
import type { StateOverrides } from '#executor/stateOverrides.ts'
import { timedOut } from './errors.ts'
import type { ForkIds } from './forkIds.ts'
import type { StateReaders } from './stateReaders.ts'

export type CallOutcome = {
  success: boolean
  returnData: Uint8Array
  gasUsed: number
  /** Why it failed: EXECUTION_REVERTED, another halt in the executor's words, or the rule that kept it from running. */
  error: string | undefined
  /** The zk-counter that no batch has enough of for this call. */
  exhaustedCounter: string | undefined
}

export const EXECUTION_REVERTED = 'execution reverted'

/** Runs calls on the state after a block and keeps nothing of what they do. */
export interface CallSimulator {
  /** @throws {RpcError} -32002 when it takes longer than the limit */
  simulate(call: SimulatedCall, block: HeaderRow, overrides?: StateOverrides): Promise<CallOutcome>
}

/**
 * Simulates in this process on the versioned state. The call sees the number, time and coinbase of the block it names,
 * as on Ethereum. Until it ends or its time is over, a call has the event loop for itself but for waits on the database.
 */
export function createCallSimulator({
  stateAt,
  chainId,
  forkIds,
  timeoutMs,
}: {
  stateAt: StateReaders
  chainId: number
  forkIds: ForkIds
  timeoutMs: number
}): CallSimulator {
  return {
    async simulate(call, header, overrides) {
      const { treeDepth } = header
      const block = {
        number: header.blockNumber,
        timestamp: header.timestamp,
        coinbase: header.coinbase,
        gasLimit: header.gasLimit,
        chainId,
      }
      const pace = new Pace(AbortSignal.timeout(timeoutMs))
      const forkId = await forkIds(header.batchNumber)
      try {
        return toOutcome(
          await simulateCall(call, { reader: stateAt(header), forkId, block, overrides, pace, treeDepth }),
          call,
        )
      } catch (error) {
        if (error instanceof ExecutionAbortedError) throw timedOut()
        throw error
      }
    },
  }
}

function toOutcome(result: SimulationResult, { gas }: SimulatedCall): CallOutcome {
  if (result.kind === 'executed') return result
  const { error, intrinsicGas, balance, cost } = result
  const reason =
    error === 'INTRINSIC_INVALID_GAS_LIMIT'
      ? `intrinsic gas too low: gas ${gas}, minimum needed ${intrinsicGas}`
      : `insufficient funds for gas * price + value: balance ${balance}, tx cost ${cost}, overshot ${cost - balance}`
  return { success: false, returnData: new Uint8Array(), gasUsed: 0, error: reason, exhaustedCounter: undefined }
}
