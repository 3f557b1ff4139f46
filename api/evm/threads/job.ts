import type { Database } from '#db/client.ts'
import type { BlockContext } from '#executor/evm/interpreter.ts'
import type { Pace } from '#executor/evm/pace.ts'
import type { BlockNumber, Hash } from '#protocol/primitives.ts'
import type { ThreadStates } from './threadStates.ts'

/** What a job works with in its thread. */
export type JobContext = {
  /** Connections of this thread alone. */
  db: Database
  states: ThreadStates
  chainId: number
  /** For every execution: ends it when nobody waits for the job. */
  pace: Pace
}

/** Work on the EVM that is done in a thread. What goes in and out is plain data: it is cloned on the way. */
export type EvmJob<Request, Response> = {
  /** Traces take long: few of them run at once. */
  isTrace: boolean
  run: (request: Request, context: JobContext) => Promise<Response>
}

export const evmJob = <Request, Response>(
  run: EvmJob<Request, Response>['run'],
  { isTrace = false } = {},
): EvmJob<Request, Response> => ({ isTrace, run })

/** The state after a block. */
export type StateAt = { blockNumber: BlockNumber; hash: Hash }

/** A block as simulations need it: its state, and what it tells the code that runs on it. */
export type EvmBlock = {
  state: StateAt
  /** How many of the block's transactions the state is after; all of them when left out. */
  txCount?: number | undefined
  context: BlockContext
  forkId: number
  /** Deepest leaf of the state tree, for the counters. */
  treeDepth: number
}
