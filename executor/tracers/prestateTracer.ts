import { bytesToHex } from '#common/bytes.ts'
import type { Address, Hex } from '#protocol/primitives.ts'
import type { Tracer } from '../evm/tracer.ts'
import type { WorldState } from '../worldState.ts'
import { isCreationKind } from './callFrame.ts'
import { quantity, word } from './hex.ts'
import type { TraceBudget, TracedOutcome, TraceRecorder } from './recorder.ts'
import { type AccountView, isEmptyAccount, type TouchedAccount, TouchedState } from './touchedState.ts'

export type PrestateConfig = {
  diffMode?: boolean | undefined
  disableCode?: boolean | undefined
  disableStorage?: boolean | undefined
}

type ShownAccount = { balance?: Hex; nonce?: number; code?: Hex; storage?: Record<Hex, Hex> }
type ShownState = Record<Address, ShownAccount>

/** What a transaction needs of the state to run, or what it changes. */
export class PrestateTracer implements TraceRecorder {
  readonly #config: PrestateConfig
  readonly #touched: TouchedState
  readonly #created = new Set<Address>()

  constructor(config: PrestateConfig, budget: TraceBudget) {
    this.#config = config
    this.#touched = new TouchedState(budget)
  }

  get tracer(): Tracer {
    return {
      ...this.#touched.observer,
      onEnter: ({ kind, to }) => {
        if (isCreationKind(kind)) this.#created.add(to)
      },
    }
  }

  async result(_outcome: TracedOutcome, world: WorldState) {
    const accounts = await this.#touched.accounts(world)
    return this.#config.diffMode === true ? this.#difference(accounts) : this.#before(accounts)
  }

  #before(accounts: readonly TouchedAccount[]): ShownState {
    return Object.fromEntries(accounts.map(({ address, before }) => [address, this.#show(before, before.storage)]))
  }

  #difference(accounts: readonly TouchedAccount[]): { pre: ShownState; post: ShownState } {
    const [pre, post]: [ShownState, ShownState] = [{}, {}]
    for (const { address, before, after } of accounts) {
      const changed = [...before.storage.keys()].filter((slot) => before.storage.get(slot) !== after.storage.get(slot))
      if (changed.length === 0 && !isChanged(before, after)) continue
      post[address] = this.#change(before, after, changed)
      const isNew = this.#created.has(address) && isEmptyAccount(before)
      if (!isNew) pre[address] = this.#show(before, nonZero(before.storage, changed))
    }
    return { pre, post }
  }

  /** Only what differs; slots that are zero now are left out. */
  #change(before: AccountView, after: AccountView, changedSlots: readonly bigint[]): ShownAccount {
    const { disableCode, disableStorage } = this.#config
    const storage = nonZero(after.storage, changedSlots)
    return {
      ...(before.balance === after.balance ? {} : { balance: quantity(after.balance) }),
      ...(before.nonce === after.nonce ? {} : { nonce: Number(after.nonce) }),
      ...(before.codeHash === after.codeHash || disableCode === true ? {} : { code: bytesToHex(after.code) }),
      ...(storage.size === 0 || disableStorage === true ? {} : { storage: showStorage(storage) }),
    }
  }

  #show({ balance, nonce, code }: AccountView, storage: ReadonlyMap<bigint, bigint>): ShownAccount {
    const { disableCode, disableStorage } = this.#config
    return {
      balance: quantity(balance),
      ...(nonce === 0n ? {} : { nonce: Number(nonce) }),
      ...(code.length === 0 || disableCode === true ? {} : { code: bytesToHex(code) }),
      ...(storage.size === 0 || disableStorage === true ? {} : { storage: showStorage(storage) }),
    }
  }
}

function isChanged(before: AccountView, after: AccountView): boolean {
  return before.balance !== after.balance || before.nonce !== after.nonce || before.codeHash !== after.codeHash
}

function nonZero(storage: ReadonlyMap<bigint, bigint>, slots: readonly bigint[]): Map<bigint, bigint> {
  return new Map(slots.map((slot): [bigint, bigint] => [slot, storage.get(slot)!]).filter(([, value]) => value !== 0n))
}

function showStorage(storage: ReadonlyMap<bigint, bigint>): Record<Hex, Hex> {
  return Object.fromEntries([...storage].map(([slot, value]) => [word(slot), word(value)]))
}
