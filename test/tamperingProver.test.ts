import { expect, test } from 'vitest'
import { acceptAttestation, ProofMismatchError } from '#prover/acceptance.ts'
import { createAttestationProver } from '#prover/attestation.ts'
import { signClaims } from '#prover/attestations.ts'
import { decodeAttestationProof } from '#prover/proofCodec.ts'
import type { Prover } from '#prover/types.ts'
import { ATTESTERS, claimsOf, DOMAIN, undisturbed } from './proofs.ts'
import { createTamperingProver, TAMPERINGS } from './tamperingProver.ts'

const attester = ATTESTERS[0]!
const expected = claimsOf(7, 7)
const honest: Prover = createAttestationProver({
  name: 'honest',
  attester,
  domain: DOMAIN,
  reexecutor: { reexecute: async () => expected },
})
const job = { jobId: 'batch-7-r1', witness: new Uint8Array(), inputs: {} as never, claimed: {} as never }

test.each(TAMPERINGS)('a prover that tampers with %s is found out', async (tampering) => {
  const prover = createTamperingProver(honest, tampering, { attester, domain: DOMAIN })
  const proof = decodeAttestationProof(await prover.proveBatch(job, undisturbed()))
  const expectation = {
    proofId: 'batch-7-r1',
    expected,
    domain: DOMAIN,
    attesters: [attester.address],
    attestersRequired: 1,
  }
  expect(() => acceptAttestation(proof, expectation)).toThrow(ProofMismatchError)
  expect(() => acceptAttestation(proof, expectation)).toThrow(`field=${tampering}`)
})

test('without tampering the same prover passes, so the test above means something', async () => {
  const proof = decodeAttestationProof(await honest.proveBatch(job, undisturbed()))
  expect(proof).toEqual(signClaims(DOMAIN, expected, attester))
  const expectation = {
    proofId: 'batch-7-r1',
    expected,
    domain: DOMAIN,
    attesters: [attester.address],
    attestersRequired: 1,
  }
  expect(() => acceptAttestation(proof, expectation)).not.toThrow()
})
