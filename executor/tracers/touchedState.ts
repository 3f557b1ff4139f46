import type { Address, Hash } from '#protocol/primitives.ts'
import { ZERO_HASH } from '#protocol/primitives.ts'
import type { Account } from '../stateReader.ts'
import type { AccountState, Slot, WorldObserver, WorldState } from '../worldState.ts'
import type { TraceBudget } from './recorder.ts'

/** One side of a comparison. */
export type AccountView = Account & { code: Uint8Array; storage: ReadonlyMap<bigint, bigint> }
/** An account the transaction has used, and the slots of it, as they were and as they are. */
export type TouchedAccount = { address: Address; before: AccountView; after: AccountView }

type Touched = { account: AccountState; before: Account; slots: Map<Slot & { value: bigint }, bigint> }

/** JSON of an account and of a slot, before and after. */
const ACCOUNT_BYTES = 300
const SLOT_BYTES = 280

/** Remembers what every account and slot that a transaction uses was before it. */
export class TouchedState {
  readonly #budget: TraceBudget
  readonly #touched = new Map<AccountState, Touched>()

  constructor(budget: TraceBudget) {
    this.#budget = budget
  }

  readonly observer: WorldObserver = {
    onAccount: (account) => {
      this.#account(account)
    },
    onSlot: (slot) => {
      const { slots } = this.#account(slot.account)
      if (slots.has(slot)) return
      this.#budget.take(SLOT_BYTES)
      slots.set(slot, slot.value)
    },
  }

  /** In the order of their addresses and slots. @param world as the transaction left it */
  async accounts(world: WorldState): Promise<TouchedAccount[]> {
    const touched = [...this.#touched.values()].sort(({ account: a }, { account: b }) =>
      a.address < b.address ? -1 : 1,
    )
    const hashes = touched.flatMap(({ account, before }) => [account.codeHash, before.codeHash])
    const codes = new Map(await world.readCodes(new Set(hashes.filter((hash) => hash !== ZERO_HASH))))
    for (const code of codes.values()) this.#budget.take(2 * code.length)
    return touched.map(({ account, before, slots }) => {
      const ordered = [...slots].sort(([a], [b]) => (a.key < b.key ? -1 : 1))
      return {
        address: account.address,
        before: viewOf(before, codes, new Map(ordered.map(([{ key }, value]) => [key, value]))),
        after: viewOf(account, codes, new Map(ordered.map(([{ key, value }]) => [key, value]))),
      }
    })
  }

  #account(account: AccountState): Touched {
    const known = this.#touched.get(account)
    if (known !== undefined) return known
    this.#budget.take(ACCOUNT_BYTES)
    const { nonce, balance, codeHash, codeSize } = account
    const touched = { account, before: { nonce, balance, codeHash, codeSize }, slots: new Map() }
    this.#touched.set(account, touched)
    return touched
  }
}

function viewOf(
  { nonce, balance, codeHash, codeSize }: Account,
  codes: ReadonlyMap<Hash, Uint8Array>,
  storage: ReadonlyMap<bigint, bigint>,
): AccountView {
  return { nonce, balance, codeHash, codeSize, code: codes.get(codeHash) ?? new Uint8Array(), storage }
}

/** Whether the account holds nothing. */
export const isEmptyAccount = ({ nonce, balance, codeHash }: Account): boolean =>
  nonce === 0n && balance === 0n && codeHash === ZERO_HASH
