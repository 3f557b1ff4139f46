import fc from 'fast-check'
import { expect, test } from 'vitest'
import { hostileBytes } from '#protocol/hostileBytes.fixture.ts'
import { addressOf } from '#test/blocks.ts'
import { ATTESTERS, claimsOf, DOMAIN } from '#test/proofs.ts'
import { claimsDigest } from './claims.ts'
import { ProofFormatError } from './errors.ts'
import { buildFinalProof, finalDigest } from './finalProof.ts'
import { decodeAttestationProof, decodeFinalProof, encodeProof } from './proofCodec.ts'

const [{ address: attester, sign }] = ATTESTERS as [(typeof ATTESTERS)[0]]
const claims = claimsOf(1, 2)
const attestation = { kind: 'attestation', ...claims, attester, signature: sign(claimsDigest(DOMAIN, claims)) } as const
const aggregator = addressOf(0xa99)
const final = buildFinalProof(DOMAIN, {
  claims,
  aggregator,
  signatures: [sign(finalDigest(DOMAIN, claims, aggregator))],
})

test('what is encoded is decoded', () => {
  expect(decodeAttestationProof(encodeProof(attestation))).toEqual(attestation)
  expect(decodeFinalProof(encodeProof(final))).toEqual(final)
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
