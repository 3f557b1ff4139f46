import { getForkRules } from '#protocol/forks.ts'
import type { Address, Hash } from '#protocol/primitives.ts'
import type { Transaction } from '#protocol/transaction.ts'
import { CounterModel } from './counters/counterModel.ts'
import type { BlockContext } from './evm/interpreter.ts'
import { findMissOfMessage } from './runTransaction.ts'
import type { StateMiss, WorldState } from './worldState.ts'

type Candidate = { transaction: Transaction; sender: Address }

/** A transaction is tried with at most this gas: one that computes for long must not run twice. */
const TRIAL_GAS = 500_000
/** Trials of one transaction: each finds the next thing it misses. */
const ROUNDS = 4
/** After this many candidates in a row that missed nothing, the state they use is in memory: only a few are tried. */
const QUIET_AFTER = 200
const TRY_ONE_OF = 16

/**
 * Brings into memory what transactions are going to read, a few round trips for all of them, where running them one by
 * one would take a round trip a miss: each is tried on the state at hand until it misses something. A hint: whatever it
 * does not find is loaded when it is needed.
 */
export class StatePrefetcher {
  readonly #world: WorldState
  readonly #forkId: number
  #quiet = 0

  constructor(world: WorldState, { forkId }: { forkId: number }) {
    this.#world = world
    this.#forkId = forkId
  }

  /** @param block about the one they will run in. No transaction of the world may be running. */
  async prefetch(candidates: readonly Candidate[], block: BlockContext): Promise<void> {
    const recipients = candidates.flatMap(({ transaction: { to } }) => (to === undefined ? [] : [to]))
    await this.#world.prefetch([block.coinbase, ...candidates.map(({ sender }) => sender)], recipients)
    const calls = candidates.filter((candidate) => this.#mayMiss(candidate))
    if (this.#quiet < QUIET_AFTER) return await this.#bringIn(calls, block)
    await this.#bringIn(
      calls.filter((_, index) => index % TRY_ONE_OF === 0),
      block,
    )
    if (this.#quiet === 0) await this.#bringIn(calls, block)
  }

  async #bringIn(candidates: readonly Candidate[], block: BlockContext): Promise<void> {
    let left = candidates
    for (let round = 0; round < ROUNDS && left.length > 0; round++) {
      const misses: StateMiss[] = []
      left = left.filter((candidate) => {
        const miss = this.#try(candidate, block)
        if (miss !== undefined) misses.push(miss)
        return miss !== undefined
      })
      if (round === 0) this.#quiet = misses.length === 0 ? this.#quiet + candidates.length : 0
      await this.#load(misses)
    }
  }

  /** A plain transfer needs nothing more; what cannot pay its value may not run at all. */
  #mayMiss({ transaction: { to, value }, sender }: Candidate): boolean {
    const isTransfer = to !== undefined && this.#world.account(to).codeSize === 0
    return !isTransfer && this.#world.account(sender).balance >= value
  }

  #try({ transaction, sender: from }: Candidate, block: BlockContext): StateMiss | undefined {
    const { to, nonce, gasPrice, value, data } = transaction
    const world = this.#world
    const rules = getForkRules(this.#forkId)
    const gasLimit = Math.min(Number(transaction.gasLimit), TRIAL_GAS)
    const context = { world, rules, block, counters: new CounterModel(rules).createMeter() }
    return findMissOfMessage(context, world.account(from), { to, gasLimit, gasPrice, value, data, nonce })
  }

  async #load(misses: readonly StateMiss[]): Promise<void> {
    const codes: Hash[] = misses.flatMap(({ codeHash }) => (codeHash === undefined ? [] : [codeHash]))
    const slots = misses.flatMap(({ slot }) =>
      slot === undefined ? [] : [{ address: slot.account.address, slot: slot.key }],
    )
    await this.#world.prefetchAccounts(misses.flatMap(({ addresses }) => addresses))
    await this.#world.prefetchSlots(slots)
    await this.#world.prefetchCodes(codes)
  }
}
