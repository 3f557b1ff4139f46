import { expect, test } from 'vitest'
import { BatchNumber } from '#protocol/primitives.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { ATTESTERS, claimsOf, DOMAIN } from '#test/proofs.ts'
import { acceptAttestation, acceptFinal, ProofMismatchError } from './acceptance.ts'
import { signClaims } from './attestations.ts'
import { CLAIM_FIELDS } from './claims.ts'
import { buildFinalProof, finalDigest } from './finalProof.ts'
import type { Attestation, Claims, FinalProof } from './types.ts'

const [attester, stranger] = [ATTESTERS[0]!, ATTESTERS[1]!]
const aggregator = addressOf(0xa9)
const expectation = {
  ...{ proofId: 'batch-7-r1', expected: claimsOf(7, 7), domain: DOMAIN },
  ...{ attesters: [attester.address], attestersRequired: 1 },
}

const attest = (claims: Claims, by = attester) => signClaims(DOMAIN, claims, by)
const finalize = (claims: Claims, by = attester, forAggregator = aggregator): FinalProof =>
  buildFinalProof(DOMAIN, {
    claims,
    aggregator: forAggregator,
    signatures: [by.sign(finalDigest(DOMAIN, claims, forAggregator))],
  })
const lie = (field: keyof Claims): Claims => {
  if (field.endsWith('BatchNumber')) return claimsOf(7, 7, { [field]: BatchNumber(3) })
  return claimsOf(7, 7, { [field]: field.endsWith('Id') ? 77 : hashOf(77) })
}

test('a true proof of a known attester passes', () => {
  expect(() => acceptAttestation(attest(claimsOf(7, 7)), expectation)).not.toThrow()
  expect(() => acceptFinal(finalize(claimsOf(7, 7)), { ...expectation, aggregator })).not.toThrow()
})

test.each(CLAIM_FIELDS)('a signed lie about %s is named with both values', (field) => {
  const [told, known] = [lie(field), claimsOf(7, 7)]
  const facts = `proofId=batch-7-r1 field=${field} claimed=${told[field]} expected=${known[field]}`
  expect(() => acceptAttestation(attest(told), expectation)).toThrow(ProofMismatchError)
  expect(() => acceptAttestation(attest(told), expectation)).toThrow(facts)
  expect(() => acceptFinal(finalize(told), { ...expectation, aggregator })).toThrow(facts)
})

test('a stranger, and a signature that is not the attester’s, do not pass', () => {
  const claims = claimsOf(7, 7)
  expect(() => acceptAttestation(attest(claims, stranger), expectation)).toThrow('field=attester')
  const [{ signature }] = attest(claims, stranger).attestations as [Attestation]
  for (const wrong of [signature, `0x${'ff'.repeat(64)}`] as const) {
    const forged = { ...attest(claims), attestations: [{ attester: attester.address, signature: wrong }] }
    expect(() => acceptAttestation(forged, expectation)).toThrow('field=signature')
  }
  expect(() => acceptFinal(finalize(claims, stranger), { ...expectation, aggregator })).toThrow('field=attester')
})

test('a final proof for another sender, or with a changed word, does not pass', () => {
  const claims = claimsOf(7, 7)
  const elsewhere = finalize(claims, attester, addressOf(1))
  expect(() => acceptFinal(elsewhere, { ...expectation, aggregator })).toThrow('field=aggregator')
  const final = finalize(claims)
  for (const word of final.words.keys()) {
    const words = final.words.with(word, hashOf(BigInt(final.words[word]!) ^ 1n))
    expect(() => acceptFinal({ ...final, words }, { ...expectation, aggregator }), `word ${word}`).toThrow(
      ProofMismatchError,
    )
  }
})
