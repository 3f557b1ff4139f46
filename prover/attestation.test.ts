import { expect, test } from 'vitest'
import { BatchNumber } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { ATTESTERS, claimsOf, DOMAIN, undisturbed } from '#test/proofs.ts'
import { assertSigned, createAttestationProver } from './attestation.ts'
import { signClaims } from './attestations.ts'
import { CLAIM_FIELDS, pickClaims } from './claims.ts'
import { ProofFormatError, ProofRefusedError } from './errors.ts'
import { readFinalSigners } from './finalProof.ts'
import { decodeAttestationProof, decodeFinalProof, encodeProof } from './proofCodec.ts'
import type { Reexecutor } from './reexecute.ts'
import type { AttestationProof, Claims } from './types.ts'

const [attester, stranger] = [ATTESTERS[0]!, ATTESTERS[1]!]
const idle: Reexecutor = { reexecute: () => Promise.reject(new Error('not asked')) }
const prover = createAttestationProver({ name: 'test', attester, domain: DOMAIN, reexecutor: idle })
const sign = (claims: Claims) => signClaims(DOMAIN, claims, attester)
const join = (first: AttestationProof, second: AttestationProof) =>
  prover.aggregate(
    { jobId: 'a', proofs: [encodeProof(first), encodeProof(second)], claims: pickClaims(first) },
    undisturbed(),
  )
const finalize = (proof: AttestationProof, aggregator = addressOf(1)) =>
  prover.finalize({ jobId: 'f', proof: encodeProof(proof), claims: pickClaims(proof), aggregator }, undisturbed())

test('joins two neighbours into one proof from the first start to the last end', async () => {
  const joined = await join(sign(claimsOf(5, 6)), sign(claimsOf(7, 9)))
  expect(decodeAttestationProof(joined)).toEqual(sign(claimsOf(5, 9)))
})

test.each([
  ['chainId', { chainId: 1001 }],
  ['forkId', { forkId: 8 }],
  ['oldBatchNumber', { oldBatchNumber: BatchNumber(7) }],
  ['oldStateRoot', { oldStateRoot: hashOf(1) }],
  ['oldAccInputHash', { oldAccInputHash: hashOf(1) }],
])('refuses to join proofs whose %s does not meet', async (field, changes) => {
  const refused = join(sign(claimsOf(5, 6)), sign(claimsOf(7, 7, changes)))
  await expect(refused).rejects.toThrow(ProofRefusedError)
  await expect(refused).rejects.toThrow(`field=${field}`)
})

const altered = (field: keyof Claims): Partial<Claims> => {
  if (field.endsWith('BatchNumber')) return { [field]: BatchNumber(3) }
  return { [field]: field.endsWith('Id') ? 77 : hashOf(77) }
}
test.each(CLAIM_FIELDS)('a signature does not cover another %s', async (field) => {
  const proof = { ...sign(claimsOf(5, 6)), ...altered(field) }
  expect(() => assertSigned(DOMAIN, proof)).toThrow(ProofRefusedError)
  await expect(finalize(proof)).rejects.toThrow(ProofRefusedError)
})

test('a signature does not hold for another verifier, another L1 or another attester', () => {
  const proof = sign(claimsOf(5, 6))
  expect(() => assertSigned(DOMAIN, proof)).not.toThrow()
  expect(() => assertSigned({ ...DOMAIN, l1ChainId: 1 }, proof)).toThrow(ProofRefusedError)
  expect(() => assertSigned({ ...DOMAIN, verifier: addressOf(9) }, proof)).toThrow(ProofRefusedError)
  const attestations = [{ ...proof.attestations[0]!, attester: stranger.address }]
  expect(() => assertSigned(DOMAIN, { ...proof, attestations })).toThrow(ProofRefusedError)
})

test('the final proof is signed for the aggregator by the attester, and differs from what is signed for batches', async () => {
  const proof = sign(claimsOf(5, 6))
  const final = await finalize(proof, addressOf(0xa9))
  expect(final.words).toHaveLength(24)
  expect(final.aggregator).toBe(addressOf(0xa9))
  expect(readFinalSigners(DOMAIN, final)).toEqual([attester.address])
  expect(`0x${final.words[7]!.slice(2)}${final.words[8]!.slice(2)}`).not.toBe(proof.attestations[0]!.signature)
})

test('an aborted job ends with the reason of the abort', async () => {
  const signal = AbortSignal.abort(new Error('worker stops'))
  const proof = encodeProof(sign(claimsOf(5, 6)))
  const job = { jobId: 'a', proofs: [proof, proof] as const, claims: claimsOf(5, 6) }
  await expect(prover.aggregate(job, { ...undisturbed(), signal })).rejects.toThrow('worker stops')
})

test('proofs travel as JSON text and back', async () => {
  const proof = sign(claimsOf(5, 6))
  const final = await finalize(proof)
  expect(decodeAttestationProof(encodeProof(proof))).toEqual(proof)
  expect(decodeFinalProof(encodeProof(final))).toEqual(final)
})

test.each([
  ['text that is no JSON', '{', 'not JSON'],
  ['a missing field', JSON.stringify({ ...sign(claimsOf(1, 1)), newStateRoot: undefined }), 'newStateRoot'],
  ['a short root', JSON.stringify({ ...sign(claimsOf(1, 1)), oldStateRoot: '0x12' }), 'oldStateRoot'],
  ['a negative batch', JSON.stringify({ ...sign(claimsOf(1, 1)), newBatchNumber: -1 }), 'newBatchNumber'],
  ['a field nobody asked for', JSON.stringify({ ...sign(claimsOf(1, 1)), extra: 1 }), 'extra'],
])('a stored proof with %s cannot be read', (_, text, field) => {
  expect(() => decodeAttestationProof(text)).toThrow(ProofFormatError)
  expect(() => decodeAttestationProof(text)).toThrow(field)
})
