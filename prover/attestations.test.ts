import { describe, expect, test } from 'vitest'
import { addressOf, hashOf } from '#test/blocks.ts'
import { ATTESTERS, claimsOf, DOMAIN, undisturbed } from '#test/proofs.ts'
import { acceptAttestation, acceptFinal, ProofMismatchError } from './acceptance.ts'
import { assertAttested, createAttestationProver } from './attestation.ts'
import { mergeAttestations, signClaims } from './attestations.ts'
import { pickClaims } from './claims.ts'
import { ProofFormatError, ProofRefusedError } from './errors.ts'
import { combineFinalProofs, readFinalSigners } from './finalProof.ts'
import { decodeAttestationProof, encodeProof } from './proofCodec.ts'
import type { Attester } from './signature.ts'
import type { AttestationProof, Claims } from './types.ts'

const [one, two, three, stranger] = ATTESTERS as [Attester, Attester, Attester, Attester]
const twoOfThree = { attesters: [one, two, three].map(({ address }) => address), attestersRequired: 2 }
const claims = claimsOf(7, 7)
const sign = (by: Attester, of: Claims = claims) => signClaims(DOMAIN, of, by)
const signed = (of: Claims, ...by: [Attester, ...Attester[]]) => {
  const [first, ...others] = by
  return mergeAttestations([sign(first, of), ...others.map((attester) => sign(attester, of))])
}

describe('merging', () => {
  test('puts what several attesters stated into one proof, in order of their addresses', () => {
    const merged = mergeAttestations([sign(three), sign(one), sign(two)])
    expect(pickClaims(merged)).toEqual(claims)
    expect(merged.attestations).toEqual([one, two, three].flatMap((attester) => sign(attester).attestations))
    expect(decodeAttestationProof(encodeProof(merged))).toEqual(merged)
    expect(mergeAttestations([sign(one)])).toEqual(sign(one))
    expect(mergeAttestations([merged, sign(stranger)]).attestations).toHaveLength(4)
  })

  test('refuses different statements, naming the field, and an attester who comes twice', () => {
    const other = sign(two, { ...claims, newStateRoot: hashOf(1) })
    expect(() => mergeAttestations([sign(one), other])).toThrow(ProofFormatError)
    expect(() => mergeAttestations([sign(one), other])).toThrow('field=newStateRoot')
    expect(() => mergeAttestations([sign(one), sign(two), sign(one)])).toThrow(`attester=${one.address}`)
  })
})

/** Proofs that two of three do not stand behind, and the field that says so. */
const [ofOne, ofTwo] = [sign(one).attestations[0]!, sign(two).attestations[0]!]
const unfit: [string, string, AttestationProof][] = [
  ['too few signatures', 'attestations', sign(two)],
  ['no signature', 'attestations', { ...sign(one), attestations: [] }],
  ['an attester twice', 'attestations', { ...sign(one), attestations: [ofOne, ofOne] }],
  ['attesters out of order', 'attestations', { ...sign(one), attestations: [ofTwo, ofOne] }],
  ['an unknown attester in place of one', 'attester', signed(claims, one, stranger)],
  ['an unknown attester too many', 'attester', signed(claims, one, two, stranger)],
  [
    'one signature over other claims',
    'signature',
    { ...signed({ ...claims, newStateRoot: hashOf(1) }, one, two), ...claims },
  ],
  [
    'a signature under the name of another',
    'signature',
    { ...sign(one), attestations: [ofOne, { ...ofOne, attester: two.address }] },
  ],
]

describe('two of three', () => {
  const expectation = { proofId: 'p', expected: claims, domain: DOMAIN, ...twoOfThree }
  const proverOf = (attester: Attester) =>
    createAttestationProver({
      ...{ name: 'test', attester, domain: DOMAIN, counting: twoOfThree },
      reexecutor: { reexecute: async () => claims },
    })
  const aggregate = (prover: ReturnType<typeof proverOf>, first: AttestationProof, second: AttestationProof) =>
    prover.aggregate(
      { jobId: 'a', proofs: [encodeProof(first), encodeProof(second)], claims: claimsOf(7, 8) },
      undisturbed(),
    )
  const aggregator = addressOf(0xa9)
  const finalize = (prover: ReturnType<typeof proverOf>, proof: AttestationProof) =>
    prover.finalize({ jobId: 'f', proof: encodeProof(proof), claims: pickClaims(proof), aggregator }, undisturbed())

  test.each([
    ['two', signed(claims, three, one)],
    ['all', signed(claims, one, two, three)],
  ])('%s of them are enough', (_, proof) => {
    expect(() => assertAttested(DOMAIN, proof, twoOfThree)).not.toThrow()
    expect(() => acceptAttestation(proof, expectation)).not.toThrow()
  })

  test.each(unfit)('%s: neither node nor prover goes on', async (_, field, proof) => {
    expect(() => acceptAttestation(proof, expectation)).toThrow(ProofMismatchError)
    expect(() => acceptAttestation(proof, expectation)).toThrow(`field=${field} `)
    expect(() => assertAttested(DOMAIN, proof, twoOfThree)).toThrow(ProofRefusedError)
    expect(() => assertAttested(DOMAIN, proof, twoOfThree)).toThrow(`field=${field} `)
    if (field === 'attestations' && proof.attestations.length !== 1) return // such a text cannot be read
    await expect(aggregate(proverOf(one), proof, signed(claimsOf(8, 8), one, two))).rejects.toThrow(`field=${field} `)
    await expect(aggregate(proverOf(one), signed(claimsOf(6, 6), one, two), proof)).rejects.toThrow(`field=${field} `)
    await expect(finalize(proverOf(one), proof)).rejects.toThrow(`field=${field} `)
  })

  test('from batches over joins to the final proof, each attester signs apart', async () => {
    const [first, second] = [signed(claims, one, two), signed(claimsOf(8, 8), two, three)]
    const parts = await Promise.all([one, three].map((by) => aggregate(proverOf(by), first, second)))
    const [left, right] = parts.map(decodeAttestationProof) as [AttestationProof, AttestationProof]
    expect([left, right].map(({ attestations }) => attestations.map(({ attester }) => attester))).toEqual([
      [one.address],
      [three.address],
    ])
    const joined = mergeAttestations([right, left])
    expect(pickClaims(joined)).toEqual(claimsOf(7, 8))
    const finals = [await finalize(proverOf(three), joined), await finalize(proverOf(one), joined)] as const
    const final = combineFinalProofs(DOMAIN, finals)
    expect(readFinalSigners(DOMAIN, final)).toEqual([one.address, three.address])
    const ofRun = { ...expectation, expected: claimsOf(7, 8), aggregator }
    expect(() => acceptFinal(final, ofRun)).not.toThrow()
    expect(() => acceptFinal(finals[0], ofRun)).toThrow('field=attestations claimed=1 expected=2')
  })
})
