import { z } from 'zod'
import { Address, BatchNumber, Hash } from '#protocol/primitives.ts'
import { areInOrder } from './attestations.ts'
import { ProofFormatError } from './errors.ts'
import { MAX_SIGNATURES } from './finalProof.ts'
import type { AttestationProof, FinalProof } from './types.ts'

const hash = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/)
  .transform(Hash)
const address = z
  .string()
  .regex(/^0x[0-9a-fA-F]{40}$/)
  .transform(Address)
const batchNumber = z.number().int().nonnegative().transform(BatchNumber)
const signature = z.string().regex(/^0x[0-9a-f]{128}$/) as z.ZodType<`0x${string}`>
const id = z.number().int().positive()

const claims = {
  oldStateRoot: hash,
  newStateRoot: hash,
  oldAccInputHash: hash,
  newAccInputHash: hash,
  newLocalExitRoot: hash,
  oldBatchNumber: batchNumber,
  newBatchNumber: batchNumber,
  chainId: id,
  forkId: id,
}
const attestationProof = z.strictObject({
  kind: z.literal('attestation'),
  ...claims,
  attestations: z
    .array(z.strictObject({ attester: address, signature }))
    .min(1)
    .max(MAX_SIGNATURES)
    .refine(areInOrder, 'not in ascending order of the attesters, each once'),
})
const finalProof = z.strictObject({
  words: z.array(hash).length(24),
  aggregator: address,
  publicInputs: z.strictObject(claims),
  inputSnark: hash,
})

/** JSON text, as stored. */
export const encodeProof = (proof: AttestationProof | FinalProof): string => JSON.stringify(proof)

/** @throws {ProofFormatError} naming the first wrong field */
export const decodeAttestationProof = (text: string): AttestationProof => parse(attestationProof, text)

/** @throws {ProofFormatError} naming the first wrong field */
export const decodeFinalProof = (text: string): FinalProof => parse(finalProof, text)

function parse<T>(schema: z.ZodType<T>, text: string): T {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new ProofFormatError('The proof is not JSON.', { cause, facts: { length: text.length } })
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new ProofFormatError('The proof is malformed.', {
    facts: { field: issue?.path.join('.') || '(whole)', reason: issue?.message ?? 'unknown' },
  })
}
