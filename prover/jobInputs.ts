import { z } from 'zod'
import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import { NodeError } from '#common/errors.ts'
import { type Address, BatchNumber, BlockNumber, type Hash, type Hex } from '#protocol/primitives.ts'
import type { BatchInputs, ClaimedResult } from './types.ts'

/** The bytes are no inputs of a job: of an unknown version, or with something that is missing, wrong or too much. */
export class JobInputsError extends NodeError {
  override readonly name = 'JobInputsError'
}

/** What a batch proof is made from, beside the witness. */
export type JobInputs = { inputs: BatchInputs; claimed: ClaimedResult }

const VERSION = 1

const hex = <T extends Hex>(digits: string) =>
  z
    .string()
    .regex(new RegExp(`^0x[0-9a-f]${digits}$`))
    .transform((text) => text as T)
const hash = hex<Hash>('{64}')
const count = z.number().int().nonnegative()
const id = z.number().int().positive()
const batchNumber = count.transform(BatchNumber)
const blockNumber = count.transform(BlockNumber)

const leaf = z.strictObject({ globalExitRoot: hash, blockHashL1: hash, minTimestamp: count, proof: z.array(hash) })
const ascending = (leaves: readonly (readonly [number, unknown])[]) =>
  leaves.every(([index], position) => position === 0 || leaves[position - 1]![0] < index)

const schema = z.strictObject({
  version: z.literal(VERSION),
  inputs: z.strictObject({
    batchNumber,
    forkId: id,
    chainId: id,
    oldStateRoot: hash,
    oldAccInputHash: hash,
    batchL2Data: hex<Hex>('*').refine((text) => text.length % 2 === 0, 'half a byte'),
    l1InfoRoot: hash,
    timestampLimit: count,
    coinbase: hex<Address>('{40}'),
    forcedBlockHashL1: hash,
    l1InfoTreeData: z.array(z.tuple([count, leaf])).refine(ascending, 'not in ascending order'),
  }),
  claimed: z.strictObject({
    newStateRoot: hash,
    newAccInputHash: hash,
    newLocalExitRoot: hash,
    blocks: z.array(
      z.strictObject({
        blockNumber,
        timestamp: count,
        stateRoot: hash,
        blockInfoRoot: hash,
        globalExitRoot: hash,
        l1BlockHash: hash,
        gasUsed: count,
        txCount: count,
      }),
    ),
  }),
})

/** JSON as UTF-8, fields in the order of the schema: equal inputs are equal bytes, however they were put together. */
export function encodeJobInputs({ inputs, claimed }: JobInputs): Uint8Array {
  const { batchL2Data, l1InfoTreeData, ...plain } = inputs
  const written = {
    version: VERSION,
    inputs: {
      ...plain,
      batchL2Data: bytesToHex(batchL2Data),
      l1InfoTreeData: [...l1InfoTreeData].sort(([one], [other]) => one - other),
    },
    claimed,
  }
  return new TextEncoder().encode(JSON.stringify(check(written)))
}

/** @throws {JobInputsError} naming the first wrong field */
export function decodeJobInputs(bytes: Uint8Array): JobInputs {
  const { inputs, claimed } = check(parse(bytes))
  const { batchL2Data, l1InfoTreeData, ...plain } = inputs
  return {
    inputs: { ...plain, batchL2Data: hexToBytes(batchL2Data), l1InfoTreeData: new Map(l1InfoTreeData) },
    claimed,
  }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new JobInputsError('The inputs are not JSON.', { cause, facts: { sizeBytes: bytes.length } })
  }
}

function check(value: unknown): z.output<typeof schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new JobInputsError('The inputs are malformed.', {
    facts: { field: issue?.path.join('.') || '(whole)', reason: issue?.message ?? 'unknown' },
  })
}
