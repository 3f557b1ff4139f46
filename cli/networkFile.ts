import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { UsageError } from '#common/errors.ts'
import { describeIssues } from '#config/issues.ts'
import { address, count, hash } from '#config/options.ts'

import type { Address, Hash, Hex } from '#protocol/primitives.ts'

/** The network file cannot be read, or one of its options is wrong: the message names each. */
export class NetworkFileError extends UsageError {
  override readonly name = 'NetworkFileError'
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
    genesis: z.array(account).optional(),
  })
  .transform(({ accounts, genesis, ...rest }, context): NetworkGenesis => {
    const listed = accounts ?? genesis
    if (listed !== undefined) return { ...rest, accounts: listed }
    context.addIssue({ code: 'custom', message: 'has neither accounts nor genesis' })
    return z.NEVER
  })

const section = z.record(z.string(), z.unknown()).optional()

const fileSchema = z.strictObject({
  name: z.string().default('zkevm'),
  l1RpcUrl: z.url(),
  rollupManager: address,
  rollup: address,
  globalExitRoot: address,
  pol: address,
  rollupId: count,
  /** Of the first batch; L1 tells of later ones. */
  forkId: count,
  l2ChainId: count,
  /** L1 block from which events are read: not after the one that created the rollup. */
  l1StartBlock: z.number().int().nonnegative(),
  /** Path of a file, seen from this one, or what would stand in it. */
  genesis: z.union([z.string(), genesisSchema]),
  /** What the verifier on L1 checks; its address is read there. */
  verifier: z.enum(['attestation', 'fflonk', 'mock']).default('attestation'),
  /** Whose attestations the L1 verifier counts. The address of the attester's key when left out. */
  attesters: z.array(address).optional(),
  /** How many of them it asks for. */
  attestersRequired: count.optional(),
  /** Options of the node itself, by section as in its configuration file, which is where they are checked. */
  node: z
    .strictObject({
      ...{ l1: section, sequencer: section, sequenceSender: section, aggregator: section, prover: section },
      ...{ pool: section, rpc: section, ops: section, log: section },
    })
    .default({}),
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
}
export type NetworkFile = Omit<z.output<typeof fileSchema>, 'genesis'> & { genesis: NetworkGenesis }

/** Reads what a node needs to know of a network on somebody else's L1: YAML or JSON. @throws {NetworkFileError} */
export function readNetworkFile(path: string): NetworkFile {
  const { genesis, ...file } = check(path, fileSchema)
  return {
    ...file,
    genesis: typeof genesis === 'string' ? check(resolve(dirname(path), genesis), genesisSchema) : genesis,
  }
}

function check<Schema extends z.ZodType>(path: string, schema: Schema): z.output<Schema> {
  let value: unknown
  try {
    value = parse(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new NetworkFileError('Cannot read the file.', { cause, facts: { path, reason: (cause as Error).message } })
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new NetworkFileError(`${path} is wrong:\n${describeIssues(result.error.issues, value).join('\n')}`)
}
