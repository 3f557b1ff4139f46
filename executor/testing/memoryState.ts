import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import { Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { type SimulatedCall, type SimulationResult, simulateCall } from '../simulate.ts'
import type { StateReader } from '../stateReader.ts'

export type MemoryAccount = {
  nonce?: bigint
  balance?: bigint
  code?: Uint8Array
  storage?: Record<string, bigint>
}

/** A state of a few accounts, by number: account 0x1234 has the address 0x00…1234. */
export function memoryState(accounts: Record<number, MemoryAccount>): StateReader {
  const byAddress = new Map(Object.entries(accounts).map(([number, account]) => [address(Number(number)), account]))
  const hashOf = ({ code }: MemoryAccount) =>
    code === undefined || code.length === 0 ? ZERO_HASH : linearPoseidon(code)
  const codes = new Map<Hash, Uint8Array>()
  for (const account of byAddress.values()) if (account.code !== undefined) codes.set(hashOf(account), account.code)
  return {
    getAccounts: async (addresses) =>
      addresses.map((wanted) => {
        const { nonce = 0n, balance = 0n, code = new Uint8Array() } = byAddress.get(wanted) ?? {}
        return { nonce, balance, codeHash: hashOf({ code }), codeSize: code.length }
      }),
    getStorage: async (slots) =>
      slots.map(({ address: owner, slot }) => byAddress.get(owner)?.storage?.[String(slot)] ?? 0n),
    getCodes: async (hashes) => hashes.map((hash) => codes.get(hash)!),
  }
}

export function address(number: number): Address {
  return Address(`0x${number.toString(16).padStart(40, '0')}`)
}

/** Assembles instructions: numbers are opcodes, hex strings are the data of the PUSH they stand for. */
export function code(...parts: readonly (number | string)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => {
      if (typeof part === 'number') return [part]
      const bytes = [...Buffer.from(part, 'hex')]
      return [0x5f + bytes.length, ...bytes]
    }),
  )
}

/** What the code ends with: returns the word on top of the stack. */
export const RETURN_TOP = [0x5f, 0x52, '20', 0x5f, 0xf3] as const

export const SENDER = 0xcafe
export const CONTRACT = 0xc0de
export const COINBASE = 0xbeef

/** Calls CONTRACT from SENDER on a state in memory, fork 9. */
export async function callContract(
  accounts: Record<number, MemoryAccount>,
  call: Partial<SimulatedCall> = {},
  options: Partial<Parameters<typeof simulateCall>[1]> = {},
): Promise<Extract<SimulationResult, { kind: 'executed' }>> {
  const result = await simulateCall(
    {
      from: address(SENDER),
      to: address(CONTRACT),
      gas: 1_000_000,
      gasPrice: 0n,
      value: 0n,
      data: new Uint8Array(),
      ...call,
    },
    {
      reader: memoryState(accounts),
      forkId: 9,
      block: { number: 7, timestamp: 1000, coinbase: address(COINBASE), gasLimit: 2n ** 50n, chainId: 1000 },
      ...options,
    },
  )
  if (result.kind === 'refused') throw new Error(`refused: ${result.error}`)
  return result
}
