import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostileBytes } from '#protocol/hostileBytes.fixture.ts'
import { addressOf } from '#test/blocks.ts'
import { ATTESTERS, claimsOf, DOMAIN } from '#test/proofs.ts'
import { mergeAttestations, signClaims } from './attestations.ts'
import { ProofFormatError } from './errors.ts'
import { buildFinalProof, finalDigest } from './finalProof.ts'
import { decodeAttestationProof, decodeFinalProof, encodeProof } from './proofCodec.ts'
import type { Attestation } from './types.ts'

const [one, two] = [ATTESTERS[0]!, ATTESTERS[1]!]
const claims = claimsOf(1, 2)
const attestation = mergeAttestations([signClaims(DOMAIN, claims, one), signClaims(DOMAIN, claims, two)])
const aggregator = addressOf(0xa99)
const final = buildFinalProof(DOMAIN, {
  claims,
  aggregator,
  signatures: [one.sign(finalDigest(DOMAIN, claims, aggregator))],
})

test('what is encoded is decoded', () => {
  expect(decodeAttestationProof(encodeProof(attestation))).toEqual(attestation)
  expect(decodeFinalProof(encodeProof(final))).toEqual(final)
})

test('attesters out of order, twice, or none are refused', () => {
  const [first, second] = attestation.attestations as [Attestation, Attestation]
  const lists = [[second, first], [first, first], [], Array.from({ length: 9 }, () => first)]
  for (const attestations of lists) {
    const decode = () => decodeAttestationProof(encodeProof({ ...attestation, attestations }))
    expect(decode).toThrow(ProofFormatError)
    expect(decode).toThrow('field=attestations')
  }
})

test('any text is a proof or refused with one error', { timeout: 60_000 }, () => {
  const texts = [encodeProof(attestation), encodeProof(final)]
  const altered = hostileBytes(fc.constantFrom(...texts.map((text) => new TextEncoder().encode(text))))
  const fields = fc.constantFrom(...Object.keys(attestation), ...Object.keys(final))
  const replaced = fc
    .tuple(fc.constantFrom<object>(attestation, final), fields, fc.jsonValue())
    .map(([proof, field, value]) => JSON.stringify({ ...proof, [field]: value }))
  fc.assert(
    fc.property(
      fc.oneof(
        altered.map((bytes) => new TextDecoder().decode(bytes)),
        replaced,
        fc.json(),
      ),
      (text) => {
        for (const decode of [decodeAttestationProof, decodeFinalProof])
          try {
            const proof = decode(text)
            expect(decode(encodeProof(proof))).toEqual(proof)
          } catch (error) {
            expect(error).toBeInstanceOf(ProofFormatError)
          }
      },
    ),
    { numRuns: 1000 },
  )
})
