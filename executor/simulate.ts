import { NodeError } from '#common/errors.ts'
import type { ZkCounters } from '#protocol/counters.ts'
import { getForkRules } from '#protocol/forks.ts'
import { intrinsicGas } from '#protocol/intrinsicGas.ts'
import type { Address } from '#protocol/primitives.ts'
import { CounterModel } from './counters/counterModel.ts'
import { addCounters, findExhaustedCounter } from './counters/zkCounters.ts'
import type { BlockContext } from './evm/interpreter.ts'
import type { Pace } from './evm/pace.ts'
import type { PrecompileLookup } from './evm/precompiles/precompiles.ts'
import type { Tracer } from './evm/tracer.ts'
import type { IntrinsicError } from './intrinsic.ts'
import { type MessageResult, runCharged } from './runTransaction.ts'
import { overrideState, type StateOverrides } from './stateOverrides.ts'
import type { StateReader } from './stateReader.ts'
import { WorldState } from './worldState.ts'

/** The run was ended: no batch has enough of this counter for it, even one that holds nothing else. */
export class CountersExhaustedError extends NodeError {
  override readonly name = 'CountersExhaustedError'
  readonly counter: keyof ZkCounters

  constructor(counter: keyof ZkCounters) {
    super('Out of counters.', { facts: { counter } })
    this.counter = counter
  }
}

/** A transaction nobody signed. */
export type SimulatedCall = {
  from: Address
  /** undefined creates a contract. */
  to: Address | undefined
  /** May be above what a transaction can ask for. */
  gas: number
  /** wei per gas, taken from the sender before the call as of a transaction; 0n takes nothing. */
  gasPrice: bigint
  /** wei */
  value: bigint
  data: Uint8Array
  /** Gives the sender what the value needs, when no price is given and it has less. */
  lendsValue?: boolean
}

export type SimulationOptions = {
  forkId: number
  block: BlockContext
  tracer?: Tracer | undefined
  pace?: Pace | undefined
  precompiles?: PrecompileLookup | undefined
  /** Ends the run when no batch has enough counters for it, instead of telling so at its end. */
  stopsAtBudget?: boolean
  /** Deepest leaf of the state tree, for the counters. */
  treeDepth?: number | undefined
}

export type SimulationResult =
  | ({
      kind: 'executed'
      /** Of the transaction alone. */
      counters: ZkCounters
      /** No batch has enough of this counter, even if it holds nothing else. */
      exhaustedCounter: keyof ZkCounters | undefined
    } & MessageResult)
  | {
      kind: 'refused'
      error: Extract<IntrinsicError, 'INTRINSIC_INVALID_GAS_LIMIT' | 'INTRINSIC_INVALID_BALANCE'>
      /** Gas needed before the first instruction. */
      intrinsicGas: number
      /** wei the sender has, and wei the call needs. */
      balance: bigint
      cost: bigint
    }

/**
 * Runs a call on the state after some block and forgets what it did. The sender may be a contract and its nonce is
 * taken as it is. @throws {ExecutionAbortedError} when the pace ends it @throws {CountersExhaustedError} if asked to
 */
export async function simulateCall(
  call: SimulatedCall,
  {
    reader,
    overrides,
    ...options
  }: SimulationOptions & { reader: StateReader; overrides?: StateOverrides | undefined },
): Promise<SimulationResult> {
  const state = overrides === undefined ? reader : overrideState(reader, overrides)
  return await simulateOn(new WorldState(state, { maxEntries: Number.POSITIVE_INFINITY }), call, options)
}

/** The same on a world that has the state; it is left with the writes of the call. */
export async function simulateOn(
  world: WorldState,
  call: SimulatedCall,
  { forkId, block, tracer, pace, precompiles, treeDepth = 0, stopsAtBudget = false }: SimulationOptions,
): Promise<SimulationResult> {
  const { from, to, gas, gasPrice, value, data, lendsValue = false } = call
  const rules = getForkRules(forkId)
  await world.prefetch([from, block.coinbase], to === undefined ? [] : [to])
  const sender = world.account(from)
  const intrinsic = intrinsicGas(data, to === undefined)
  const fee = gasPrice * BigInt(gas)
  if (lendsValue && gasPrice === 0n && sender.balance < value) world.setBalance(sender, value)
  const facts = { intrinsicGas: intrinsic, balance: sender.balance, cost: fee + value }
  if (gas < intrinsic) return { kind: 'refused', error: 'INTRINSIC_INVALID_GAS_LIMIT', ...facts }
  if (sender.balance < fee + value) return { kind: 'refused', error: 'INTRINSIC_INVALID_BALANCE', ...facts }

  const { nonce } = sender
  const model = new CounterModel(rules)
  const counters = model.createMeter()
  const message = { to, gasLimit: gas, gasPrice, value, data, nonce }
  const { counterBudget } = rules
  const usedAlone = () => {
    const used = counters.total(model.executionLevels(treeDepth))
    return { used, alone: addCounters(used, model.block(treeDepth, { marker: true, info: true })) }
  }
  const watch = () => {
    const exhausted = findExhaustedCounter(usedAlone().alone, counterBudget!)
    if (exhausted !== undefined) throw new CountersExhaustedError(exhausted)
  }
  const stops = stopsAtBudget && counterBudget !== undefined
  const context = { world, rules, block, counters, tracer, pace, precompiles, watch: stops ? watch : undefined }
  const result = await runCharged(context, sender, message, intrinsic)
  const { used, alone } = usedAlone()
  return {
    kind: 'executed',
    ...result,
    counters: used,
    exhaustedCounter: counterBudget === undefined ? undefined : findExhaustedCounter(alone, counterBudget),
  }
}
