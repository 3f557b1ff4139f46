import type { ForkRules, PrecompileAddress } from '#protocol/forks.ts'
import type { Address } from '#protocol/primitives.ts'
import { ecAdd, ecMul, ecPairing } from './bn254.ts'
import { ecRecover } from './ecRecover.ts'
import { identity, sha256 } from './hashes.ts'
import { modExp } from './modExp.ts'
import { p256Verify } from './p256Verify.ts'

/** A contract the program has built in. */
export type Precompile = {
  gas: (input: Uint8Array) => number
  /** Whether the input is more than the program handles: a call that can pay for it reverts and keeps its gas. */
  refuses?: (input: Uint8Array) => boolean
  /** undefined when the input is bad: the call has then used all its gas. */
  run: (input: Uint8Array) => Uint8Array | undefined
}

const IMPLEMENTED: Partial<Record<PrecompileAddress, Precompile>> = {
  1: ecRecover,
  2: sha256,
  4: identity,
  5: modExp,
  6: ecAdd,
  7: ecMul,
  8: ecPairing,
  256: p256Verify,
}

/** What stands at an address instead of an account's code, if anything. */
export type PrecompileLookup = (address: Address) => Precompile | 'disabled' | undefined

/** Addresses that are precompiles in Ethereum; those this fork has not revert. */
const PRECOMPILE_RANGE: readonly Address[] = Array.from({ length: 9 }, (_, index) => addressOf(index + 1))

function addressOf(number: number): Address {
  return `0x${number.toString(16).padStart(40, '0')}` as Address
}

const byFork = new Map<number, ReadonlyMap<Address, Precompile | 'disabled'>>()

/** undefined when the address is an ordinary account. */
export function findPrecompile(address: Address, rules: ForkRules): Precompile | 'disabled' | undefined {
  return (byFork.get(rules.forkId) ?? precompilesOf(rules)).get(address)
}

function precompilesOf(rules: ForkRules): ReadonlyMap<Address, Precompile | 'disabled'> {
  const found = new Map<Address, Precompile | 'disabled'>(PRECOMPILE_RANGE.map((address) => [address, 'disabled']))
  for (const number of rules.precompiles) {
    const precompile = IMPLEMENTED[number as PrecompileAddress]
    if (precompile !== undefined) found.set(addressOf(number), precompile)
  }
  byFork.set(rules.forkId, found)
  return found
}
