import { findSignatureFault, findSignerFault, type SigningFault, signClaims } from './attestations.ts'
import { joinClaims, pickClaims, rangeOf } from './claims.ts'
import { ProofRefusedError } from './errors.ts'
import { buildFinalProof, finalDigest } from './finalProof.ts'
import { decodeAttestationProof, encodeProof } from './proofCodec.ts'
import type { Reexecutor } from './reexecute.ts'
import type { Attester } from './signature.ts'
import type { AttestationDomain, AttestationProof, AttesterSet, Claims, JobControl, Prover } from './types.ts'

type Options = {
  /** Which process it is; the attester's address when left out. */
  proverId?: string
  /** Shown as who made a proof. */
  name: string
  attester: Attester
  domain: AttestationDomain
  /** Batches are executed; what is built on proofs needs their signatures. The prover's own when left out. */
  counting?: AttesterSet
  /** Executes batches, usually in a thread of its own (reexecutionThreads.ts). */
  reexecutor: Reexecutor
}

/**
 * The embedded prover: attests by re-execution. It trusts neither the sequencer's memory nor its database: a batch is
 * executed on nothing but its L1 inputs and a Merkle witness against the old root, and only what came out is signed.
 * The result is an attestation, no proof of zero knowledge: it does not guard against who holds the key.
 */
export function createAttestationProver({ name, attester, domain, reexecutor, ...options }: Options): Prover {
  const { proverId = attester.address, counting = { attesters: [attester.address], attestersRequired: 1 } } = options
  const attest = (claims: Claims): string => encodeProof(signClaims(domain, claims, attester))
  const readAttested = (text: string): Claims => {
    const proof = decodeAttestationProof(text)
    assertAttested(domain, proof, counting)
    return pickClaims(proof)
  }
  const take = async ({ signal, onAssigned }: JobControl) => {
    signal.throwIfAborted()
    await onAssigned({ proverId, proverName: name, proverKind: 'embedded' })
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
      return attest(proofs.map(readAttested).reduce(joinClaims))
    },

    async finalize({ proof, aggregator }, control) {
      await take(control)
      const claims = readAttested(proof)
      const signature = attester.sign(finalDigest(domain, claims, aggregator))
      return buildFinalProof(domain, { claims, aggregator, signatures: [signature] })
    },
  }
}

/** @throws {ProofRefusedError} unless each attester it names signed exactly these claims for this verifier */
export function assertSigned(domain: AttestationDomain, proof: AttestationProof): void {
  refuse(findSignatureFault(domain, proof), proof)
}

/** @throws {ProofRefusedError} unless so many of those who count signed these claims, and nobody else */
export function assertAttested(domain: AttestationDomain, proof: AttestationProof, counting: AttesterSet): void {
  assertSigned(domain, proof)
  const signers = proof.attestations.map(({ attester }) => attester)
  refuse(findSignerFault(signers, counting), proof)
}

function refuse(fault: SigningFault | undefined, proof: AttestationProof): void {
  if (fault === undefined) return
  const { message, ...facts } = fault
  throw new ProofRefusedError(message, { facts: { ...facts, ...rangeOf(proof) } })
}
