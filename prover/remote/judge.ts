import { type Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { assertSigned } from '../attestation.ts'
import { type Difference, firstDifference, pickClaims } from '../claims.ts'
import { publicSignal, readFinalSigners } from '../finalProof.ts'
import { decodeAttestationProof } from '../proofCodec.ts'
import type { AttestationDomain, Claims, FinalProof } from '../types.ts'
import { ProverFault } from './fault.ts'
import { type FinalStatement, readStatement, splitFinalProof } from './finalAnswer.ts'
import type { GetProofResponse } from './messages.ts'

/**
 * What L1 checks proofs with, which says how much of a proof can be checked here. `attestation`: everything. `fflonk`:
 * what a final proof says it is about. `mock`: the form alone, for such provers make the same proof of everything.
 */
export type ProofVerifier =
  | { kind: 'attestation'; domain: AttestationDomain; attesters: readonly Address[] }
  | { kind: 'fflonk' }
  | { kind: 'mock' }

type Options = {
  verifier: ProofVerifier
  /** A mock prover's final proof is about something else. */
  onMockDifference: (difference: Difference) => void
}

/** Looks at what provers give before anybody else does. @throws {NodeError} whose message says what is wrong with it */
export class ProofJudge {
  readonly #options: Options

  constructor(options: Options) {
    this.#options = options
  }

  /** A batch or aggregated proof. @param expected what it has to state */
  recursive(answer: GetProofResponse, expected: Claims): string {
    const text = answer.recursiveProof
    if (text === undefined) throw new ProverFault(`Gave ${answer.proof ?? 'nothing'} instead of a recursive proof.`)
    if (text === '') throw new ProverFault('Gave an empty proof.')
    const { verifier } = this.#options
    if (verifier.kind === 'attestation') {
      const proof = decodeAttestationProof(text)
      refuse(firstDifference(pickClaims(proof), expected))
      assertSigned(verifier.domain, proof)
      for (const { attester } of proof.attestations) this.#assertKnown(attester)
    }
    return text
  }

  final(answer: GetProofResponse, expected: { claims: Claims; aggregator: Address }): FinalProof {
    if (answer.finalProof === undefined)
      throw new ProverFault(`Gave ${answer.proof ?? 'nothing'} instead of a final proof.`)
    const words = splitFinalProof(answer.finalProof.proof)
    if (words.every((word) => word === ZERO_HASH)) throw new ProverFault('Gave an empty proof.')
    this.#compare(readStatement(answer.finalProof.public), expected)
    const proof = finalProof(words, expected)
    const { verifier } = this.#options
    if (verifier.kind === 'attestation')
      for (const signer of readFinalSigners(verifier.domain, proof)) this.#assertKnown(signer)
    return proof
  }

  #compare(stated: FinalStatement, { claims, aggregator }: { claims: Claims; aggregator: Address }): void {
    const difference = firstDifference({ ...stated }, { ...pickClaims(claims), aggregator })
    if (difference === undefined) return
    if (this.#options.verifier.kind === 'mock') this.#options.onMockDifference(difference)
    else refuse(difference)
  }

  #assertKnown(attester: Address): void {
    const { verifier } = this.#options
    if (verifier.kind !== 'attestation' || verifier.attesters.includes(attester)) return
    throw new ProverFault('Signed with a key that does not count.', { facts: { attester } })
  }
}

function finalProof(
  words: readonly Hash[],
  { claims, aggregator }: { claims: Claims; aggregator: Address },
): FinalProof {
  const publicInputs = pickClaims(claims)
  return { words, aggregator, publicInputs, inputSnark: publicSignal(publicInputs, aggregator) }
}

function refuse(difference: Difference | undefined): void {
  if (difference === undefined) return
  const { field, claimed, computed } = difference
  throw new ProverFault('Proved something else.', { facts: { field, stated: claimed, expected: computed } })
}
