import { claimsDigest, joinClaims, pickClaims, rangeOf } from './claims.ts'
import { ProofRefusedError } from './errors.ts'
import { buildFinalProof, finalDigest } from './finalProof.ts'
import { decodeAttestationProof, encodeProof } from './proofCodec.ts'
import type { Reexecutor } from './reexecute.ts'
import { type Attester, recoverSigner } from './signature.ts'
import type { AttestationDomain, AttestationProof, Claims, JobControl, Prover } from './types.ts'

type Options = {
  /** Shown as who made a proof. */
  name: string
  attester: Attester
  domain: AttestationDomain
  /** Executes batches, usually in a thread of its own (reexecutionThreads.ts). */
  reexecutor: Reexecutor
}

/**
 * The embedded prover: attests by re-execution. It trusts neither the sequencer's memory nor its database: a batch is
 * executed on nothing but its L1 inputs and a Merkle witness against the old root, and only what came out is signed.
 * The result is an attestation, no proof of zero knowledge: it does not guard against who holds the key.
 */
export function createAttestationProver({ name, attester, domain, reexecutor }: Options): Prover {
  const attest = (claims: Claims): string =>
    encodeProof({
      kind: 'attestation',
      ...claims,
      attester: attester.address,
      signature: attester.sign(claimsDigest(domain, claims)),
    })
  const take = async ({ signal, onAssigned }: JobControl) => {
    signal.throwIfAborted()
    await onAssigned({ proverId: attester.address, proverName: name, proverKind: 'embedded' })
  }
  return {
    kind: 'embedded',

    async proveBatch({ inputs, witness, claimed }, control) {
      await take(control)
      control.onProgress({ stage: 'executing' })
      return attest(await reexecutor.reexecute({ inputs, witness, claimed }, control.signal))
    },

    async aggregate({ proofs }, control) {
      await take(control)
      const signed = proofs.map((text) => {
        const proof = decodeAttestationProof(text)
        assertSigned(domain, proof)
        return pickClaims(proof)
      })
      return attest(signed.reduce(joinClaims))
    },

    async finalize({ proof: text, aggregator }, control) {
      await take(control)
      const proof = decodeAttestationProof(text)
      assertSigned(domain, proof)
      const claims = pickClaims(proof)
      const signature = attester.sign(finalDigest(domain, claims, aggregator))
      return buildFinalProof(domain, { claims, aggregator, signatures: [signature] })
    },
  }
}

/** @throws {ProofRefusedError} unless the attester it names signed exactly these claims for this verifier */
export function assertSigned(domain: AttestationDomain, proof: AttestationProof): void {
  const signer = recoverSigner(claimsDigest(domain, proof), proof.signature)
  if (signer === proof.attester) return
  throw new ProofRefusedError('The proof is not signed by the attester it names.', {
    facts: { field: 'signature', attester: proof.attester, signer: signer ?? null, ...rangeOf(proof) },
  })
}
