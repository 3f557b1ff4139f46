import { findLastAttempt } from '#db/attempts.ts'
import type { Database } from '#db/client.ts'
import { readExpectedClaims } from '#db/proofInputs.ts'
import { insertProof } from '#db/proofs.ts'
import { type Address, BatchNumber } from '#protocol/primitives.ts'
import { acceptAttestation, acceptFinal, acceptStatement, ProofMismatchError } from '#prover/acceptance.ts'
import { mergeAttestations } from '#prover/attestations.ts'
import { ProofFormatError } from '#prover/errors.ts'
import { combineFinalProofs } from '#prover/finalProof.ts'
import type { ObjectStore } from '#prover/objectStore.ts'
import { decodeAttestationProof, decodeFinalProof, encodeProof } from '#prover/proofCodec.ts'
import type { ProofKind } from '#prover/proofStore.ts'
import { getProofText, putProofText } from '#prover/proofTexts.ts'
import type { AttestationDomain, AttesterSet, Claims } from '#prover/types.ts'
import { AGGREGATOR_WORKFLOW_ID, proofReady } from '#workflows/messages.ts'
import type { Tell } from './tell.ts'

export type AcceptanceActivities = ReturnType<typeof createAcceptanceActivities>

/** `parts`: names of what provers made; more than one where several attested. */
type Made = { fromBatch: number; toBatch: number; proofId: string; parts: string[] }
type Dependencies = AttesterSet & {
  db: Database
  /** The proof store's, which may be another one. */
  proofDb: Database
  objects: ObjectStore
  chainId: number
  /** Undefined where L1 checks no attestations. */
  domain: AttestationDomain | undefined
  /** Will send the verify transaction. */
  aggregator: Address
  tell: Tell
}

/**
 * Compares what a proof states with the State DB before anything uses it, and notes it as accepted. Of proofs that only
 * provers can read there is nothing to compare until the final one. @throws {ProofMismatchError} naming the field and
 * both values; a repetition gives the same
 */
export const createAcceptanceActivities = (dependencies: Dependencies) => {
  const { db, proofDb, objects, chainId, domain, aggregator, tell } = dependencies
  const { attesters, attestersRequired } = dependencies

  async function readParts(parts: readonly string[]): Promise<[string, ...string[]]> {
    return (await Promise.all(parts.map((part) => getProofText(objects, part)))) as [string, ...string[]]
  }

  async function accept(
    { fromBatch, toBatch, proofId, parts }: Made,
    kind: ProofKind,
    compare: (texts: [string, ...string[]], expected: Claims) => string,
  ): Promise<void> {
    const range = { fromBatch: BatchNumber(fromBatch), toBatch: BatchNumber(toBatch) }
    const expected = await readExpectedClaims(db, { chainId, ...range })
    let proof: string
    try {
      proof = compare(await readParts(parts), expected)
    } catch (cause) {
      if (!(cause instanceof ProofFormatError)) throw cause
      throw new ProofMismatchError(cause.message, { cause, facts: { proofId } })
    }
    await putProofText(objects, proofId, proof)
    const last = await findLastAttempt(proofDb, parts[0]!)
    const { proverName, proverKind } = last ?? {}
    await insertProof(db, {
      ...{ proofId, kind, ...range },
      ...{ prover: proverName ?? '', proverKind: proverKind ?? 'embedded' },
    })
    await tell(AGGREGATOR_WORKFLOW_ID, proofReady, { fromBatch, toBatch })
  }

  /** Signatures over what the State DB holds; of other proofs whatever was given. */
  const acceptRecursive = (made: Made, kind: 'batch' | 'aggregated') =>
    accept(made, kind, (texts, expected) => {
      if (domain === undefined) return texts[0]
      const [first, ...others] = texts
      const proof = mergeAttestations([decodeAttestationProof(first), ...others.map(decodeAttestationProof)])
      const counting = { attesters, attestersRequired }
      acceptAttestation(proof, { proofId: made.proofId, expected, domain, ...counting })
      return encodeProof(proof)
    })

  return {
    acceptBatchProof: ({ batchNumber, ...made }: Pick<Made, 'proofId' | 'parts'> & { batchNumber: number }) =>
      acceptRecursive({ ...made, fromBatch: batchNumber, toBatch: batchNumber }, 'batch'),

    acceptJoinedProof: (made: Made) => acceptRecursive(made, 'aggregated'),

    acceptFinalProof: (made: Made) =>
      accept(made, 'final', (texts, expected) => {
        const { proofId } = made
        const [first, ...others] = texts
        const counting = { attesters, attestersRequired }
        if (domain === undefined) {
          const proof = decodeFinalProof(first)
          acceptStatement(proof, { proofId, expected, aggregator })
          return encodeProof(proof)
        }
        const proof = combineFinalProofs(domain, [decodeFinalProof(first), ...others.map(decodeFinalProof)])
        acceptFinal(proof, { proofId, expected, domain, aggregator, ...counting })
        return encodeProof(proof)
      }),
  }
}
