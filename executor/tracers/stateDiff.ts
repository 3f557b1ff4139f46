import { bytesToHex } from '#common/bytes.ts'
import type { Address, Hex } from '#protocol/primitives.ts'
import { quantity, word } from './hex.ts'
import { type AccountView, isEmptyAccount, type TouchedAccount } from './touchedState.ts'

/** A value that is as before, new, gone, or another one. */
export type Delta = '=' | { '+': Hex } | { '-': Hex } | { '*': { from: Hex; to: Hex } }
export type AccountDelta = { balance: Delta; nonce: Delta; code: Delta; storage: Record<Hex, Delta> }

/** Changes of accounts in the form of OpenEthereum: accounts that did not change are left out. */
export function stateDiff(accounts: readonly TouchedAccount[]): Record<Address, AccountDelta> {
  const deltas: [Address, AccountDelta][] = []
  for (const { address, before, after } of accounts) {
    const delta = isEmptyAccount(before) && !isEmptyAccount(after) ? born(before, after) : changed(before, after)
    const { storage, ...values } = delta
    const isSame = Object.keys(storage).length === 0 && Object.values(values).every((value) => value === '=')
    if (!isSame) deltas.push([address, delta])
  }
  return Object.fromEntries(deltas)
}

function born(before: AccountView, after: AccountView): AccountDelta {
  return {
    balance: { '+': quantity(after.balance) },
    nonce: { '+': quantity(after.nonce) },
    code: { '+': bytesToHex(after.code) },
    storage: storageDelta(before, after, (_, to) => ({ '+': word(to) })),
  }
}

function changed(before: AccountView, after: AccountView): AccountDelta {
  return {
    balance: delta(quantity(before.balance), quantity(after.balance)),
    nonce: delta(quantity(before.nonce), quantity(after.nonce)),
    code: delta(bytesToHex(before.code), bytesToHex(after.code)),
    storage: storageDelta(before, after, (from, to) => delta(word(from), word(to))),
  }
}

const delta = (from: Hex, to: Hex): Delta => (from === to ? '=' : { '*': { from, to } })

function storageDelta(
  before: AccountView,
  after: AccountView,
  toDelta: (from: bigint, to: bigint) => Delta,
): Record<Hex, Delta> {
  const slots = [...after.storage].filter(([slot, to]) => before.storage.get(slot) !== to)
  return Object.fromEntries(slots.map(([slot, to]) => [word(slot), toDelta(before.storage.get(slot)!, to)]))
}
