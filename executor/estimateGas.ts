import type { ZkCounters } from '#protocol/counters.ts'
import { intrinsicGas } from '#protocol/intrinsicGas.ts'
import { GasNeed } from './gasNeed.ts'
import {
  CountersExhaustedError,
  type SimulatedCall,
  type SimulationOptions,
  type SimulationResult,
  simulateOn,
} from './simulate.ts'
import type { WorldState } from './worldState.ts'

export type GasEstimate =
  /** `isExact`: with this limit it goes as it goes with plenty of gas, with one less it does not. */
  | { kind: 'estimated'; gas: number; isExact: boolean }
  /** It fails with all the gas it may have; `isShortOfFunds` when the sender could not pay for more. */
  | { kind: 'failed'; result: SimulationResult; gas: number; isShortOfFunds: boolean }
  /** No batch has room for it. */
  | { kind: 'out-of-counters'; counter: keyof ZkCounters }

/** A search stops when it is known to this share of itself. */
const PRECISION = 64

/**
 * The least gas limit, up to `call.gas`, with which the call succeeds. One run tells it, unless the run depends on the
 * gas it has: then the limit is searched, down to one 64th of itself. The sender must have what value and price want.
 */
export async function estimateGas(
  world: WorldState,
  call: SimulatedCall,
  options: Omit<SimulationOptions, 'tracer'>,
): Promise<GasEstimate> {
  const affordable = await affordableGas(world, call)
  const intrinsic = intrinsicGas(call.data, call.to === undefined)
  let most = Math.min(call.gas, affordable)
  let exhausted: keyof ZkCounters | undefined
  const attempt = async (gas: number, tracer?: GasNeed) => {
    const checkpoint = world.checkpoint()
    try {
      return await simulateOn(world, { ...call, gas }, { ...options, tracer, stopsAtBudget: true })
    } finally {
      world.revertTo(checkpoint)
    }
  }
  for (;;) {
    const need = new GasNeed({ hasPrice: call.gasPrice > 0n })
    const first = await tellExhausted(attempt(most, need))
    if (first.kind === 'exhausted' || (first.kind === 'executed' && first.exhaustedCounter !== undefined)) {
      exhausted ??= first.kind === 'exhausted' ? first.counter : first.exhaustedCounter!
      // What goes on until its gas is gone may do less with less.
      if (!need.dependsOnGas || most < 2 * intrinsic) return { kind: 'out-of-counters', counter: exhausted }
      most = Math.floor(most / 2)
    } else if (first.kind === 'refused' || !first.success) {
      if (exhausted !== undefined) return { kind: 'out-of-counters', counter: exhausted }
      return { kind: 'failed', result: first, gas: most, isShortOfFunds: affordable < call.gas }
    } else {
      const needed = intrinsic + need.need
      if (!need.dependsOnGas) return { kind: 'estimated', gas: needed, isExact: true }
      const succeeds = async (gas: number) => {
        const result = await tellExhausted(attempt(gas))
        return result.kind === 'executed' && result.success
      }
      const gas = await search(succeeds, { low: intrinsic - 1, high: most, guess: needed })
      return { kind: 'estimated', gas, isExact: false }
    }
  }
}

async function tellExhausted<T>(
  running: Promise<T>,
): Promise<T | { kind: 'exhausted'; counter: CountersExhaustedError['counter'] }> {
  try {
    return await running
  } catch (error) {
    if (error instanceof CountersExhaustedError) return { kind: 'exhausted', counter: error.counter }
    throw error
  }
}

async function affordableGas(world: WorldState, { from, value, gasPrice }: SimulatedCall): Promise<number> {
  if (gasPrice === 0n) return Number.POSITIVE_INFINITY
  await world.prefetchAccounts([from])
  const { balance } = world.account(from)
  return balance < value ? Number.POSITIVE_INFINITY : Number((balance - value) / gasPrice)
}

/** @param low fails @param high succeeds @param guess likely to be the least that succeeds */
async function search(
  succeeds: (gas: number) => Promise<boolean>,
  { low, high, guess }: { low: number; high: number; guess: number },
): Promise<number> {
  let [fails, works] = [low, high]
  if (guess < high && (await succeeds(guess))) {
    works = guess
    if (guess - 1 > fails && !(await succeeds(guess - 1))) return guess
  } else fails = Math.min(guess, high - 1)
  while (works - fails > Math.max(1, works / PRECISION)) {
    // Most limits are close to what is used: a step up is at most twofold.
    const middle = Math.min(Math.floor((fails + works) / 2), 2 * fails)
    if (await succeeds(middle)) works = middle
    else fails = middle
  }
  return works
}
