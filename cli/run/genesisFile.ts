import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { UsageError } from '#common/errors.ts'
import { describeWrong, wrongOptions } from '#config/issues.ts'
import { address, hash } from '#config/options.ts'
import type { Address, Hash, Hex } from '#protocol/primitives.ts'

/** The genesis file cannot be read, or something in it is wrong: the message names it. */
export class GenesisFileError extends UsageError {
  override readonly name = 'GenesisFileError'
}

const hex = z
  .string()
  .regex(/^0x([0-9a-fA-F]{2})*$/, 'must be 0x and an even number of hex digits')
  .transform((value) => value as Hex)
const word = z.string().regex(/^0x[0-9a-fA-F]{1,64}$/, 'must be 0x and at most 64 hex digits')
const amount = z.union([z.number().int().nonnegative(), z.string().regex(/^(0x[0-9a-fA-F]+|\d+)$/)])

const account = z
  .object({
    address,
    balance: amount.default('0'),
    nonce: amount.default('0'),
    /** `bytecode` is what the genesis files of public networks call it. */
    code: hex.optional(),
    bytecode: hex.nullish(),
    storage: z.record(word, word).nullish(),
  })
  .transform(({ balance, nonce, code, bytecode, storage, ...rest }): NetworkAccount => {
    const runtime = code ?? bytecode
    return {
      ...{ ...rest, balance: String(BigInt(balance)), nonce: String(BigInt(nonce)) },
      ...(runtime && { code: runtime }),
      ...(storage && { storage: storage as Record<Hex, Hex> }),
    }
  })

/** Ours (`accounts`) or that of public networks (`genesis`); further members, such as the L1 addresses, are not read. */
const genesisSchema = z
  .object({
    root: hash.optional(),
    timestamp: z.number().int().nonnegative().optional(),
    accounts: z.array(account).optional(),
    extraAccounts: z.number().int().nonnegative().optional(),
    genesis: z.array(account).optional(),
  })
  .transform(({ accounts, genesis, ...rest }, context): NetworkGenesis => {
    const listed = accounts ?? genesis
    if (listed !== undefined) return { ...rest, accounts: listed }
    context.addIssue({ code: 'custom', message: 'has neither accounts nor genesis' })
    return z.NEVER
  })

/** Amounts are decimal strings. */
export type NetworkAccount = {
  address: Address
  balance: string
  nonce: string
  code?: Hex
  storage?: Record<Hex, Hex>
}
/** State of L2 block 0. `root` as the file states it; `timestamp` in seconds, else that of the L1 block to start at. */
export type NetworkGenesis = {
  root?: Hash | undefined
  timestamp?: number | undefined
  accounts: NetworkAccount[]
  /** So many more of 1 wei each, in a local network for tests. */
  extraAccounts?: number | undefined
}

/** Reads the genesis of a network, in this node's form or that of the public networks. @throws {GenesisFileError} */
export function readGenesisFile(path: string): NetworkGenesis {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new GenesisFileError('Cannot read the genesis file (network.genesisFile).', {
      ...{ cause, facts: { path, reason: (cause as Error).message } },
    })
  }
  const result = genesisSchema.safeParse(value)
  if (result.success) return result.data
  throw new GenesisFileError(describeWrong(`${path} is wrong:`, wrongOptions(new Map(), result.error.issues, value)))
}
