import type { Database } from '#db/client.ts'
import { readExpectedClaims } from '#db/proofInputs.ts'
import { getProof, markProofAccepted, type ProofRow } from '#db/proofs.ts'
import type { ProofKind } from '#db/schema.ts'
import { type Address, BatchNumber } from '#protocol/primitives.ts'
import { acceptAttestation, acceptFinal, ProofMismatchError } from '#prover/acceptance.ts'
import { ProofFormatError } from '#prover/errors.ts'
import { decodeAttestationProof, decodeFinalProof } from '#prover/proofCodec.ts'
import type { AttestationDomain, AttesterSet, Claims } from '#prover/types.ts'
import { AGGREGATOR_WORKFLOW_ID, proofReady } from '#workflows/messages.ts'
import type { Tell } from './tell.ts'

export type AcceptanceActivities = ReturnType<typeof createAcceptanceActivities>

type Range = { fromBatch: number; toBatch: number; proofId: string }
type Dependencies = AttesterSet & {
  db: Database
  chainId: number
  domain: AttestationDomain
  /** Will send the verify transaction. */
  aggregator: Address
  tell: Tell
}

/**
 * Compares every claim of a stored proof with the State DB before anything uses it, and marks it accepted.
 * @throws {ProofMismatchError} naming the field and both values; a repetition gives the same
 */
export const createAcceptanceActivities = ({
  db,
  chainId,
  domain,
  aggregator,
  tell,
  ...dependencies
}: Dependencies) => {
  const { attesters, attestersRequired } = dependencies
  async function accept(range: Range, kind: ProofKind, compare: (row: ProofRow, expected: Claims) => void) {
    const row = await getProof(db, range.proofId)
    if (row.kind !== kind)
      throw new ProofMismatchError('The proof is of another kind.', {
        facts: { proofId: row.proofId, field: 'kind', claimed: row.kind, expected: kind },
      })
    const [from, to] = [BatchNumber(range.fromBatch), BatchNumber(range.toBatch)]
    const expected = await readExpectedClaims(db, { chainId, fromBatch: from, toBatch: to })
    try {
      compare(row, expected)
    } catch (cause) {
      if (!(cause instanceof ProofFormatError)) throw cause
      throw new ProofMismatchError(cause.message, { cause, facts: { proofId: row.proofId } })
    }
    await markProofAccepted(db, row)
  }
  const acceptSigned = (range: Range, kind: 'batch' | 'aggregated') =>
    accept(range, kind, (row, expected) =>
      acceptAttestation(decodeAttestationProof(row.proof), {
        ...{ proofId: row.proofId, expected, domain },
        ...{ attesters, attestersRequired },
      }),
    )
  return {
    /** The aggregator is told. */
    async acceptBatchProof({ batchNumber, proofId }: { batchNumber: number; proofId: string }): Promise<void> {
      await acceptSigned({ fromBatch: batchNumber, toBatch: batchNumber, proofId }, 'batch')
      await tell(AGGREGATOR_WORKFLOW_ID, proofReady, { batchNumber })
    },

    acceptAggregatedProof: (range: Range): Promise<void> => acceptSigned(range, 'aggregated'),

    acceptFinalProof: (range: Range): Promise<void> =>
      accept(range, 'final', (row, expected) =>
        acceptFinal(decodeFinalProof(row.proof), {
          ...{ proofId: row.proofId, expected, domain, aggregator },
          ...{ attesters, attestersRequired },
        }),
      ),
  }
}
