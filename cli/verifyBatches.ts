import { NodeError } from '#common/errors.ts'
import type { Config } from '#config/schema.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { createJobInputsReader } from '#db/jobInputs.ts'
import { findSequenceEnds } from '#db/verification.ts'
import type { L1Signer } from '#etherman/l1Signer.ts'
import { Address, BatchNumber, type Hash, type Hex } from '#protocol/primitives.ts'
import { createAttestationProver } from '#prover/attestation.ts'
import { joinClaims } from '#prover/claims.ts'
import { decodeAttestationProof } from '#prover/proofCodec.ts'
import { createReexecutionThreads } from '#prover/reexecutionThreads.ts'
import { createAttester } from '#prover/signature.ts'
import type { AttestationDomain, FinalProof } from '#prover/types.ts'
import { type L1Account, openL1Account } from './l1Account.ts'

export class NothingToVerifyError extends NodeError {
  override readonly name = 'NothingToVerifyError'
}

export type Verified = { fromBatch: number; toBatch: number; l1TxHash: Hash }
type Options = {
  config: Pick<Config, 'network' | 'l1' | 'database'>
  domain: AttestationDomain
  /** Pays on L1 and gets the reward. */
  signer: L1Signer
  attesterKey: Hex
  say?: (line: string) => void
}

/** The contract takes no more from others than the trusted aggregator. */
const MAX_BATCHES = 1000

/**
 * Proves and verifies what the trusted aggregator left unverified past its time, from the State DB of any node. Stands
 * on pending states when there are some. @throws {NothingToVerifyError} {ProofRefusedError} {L1CommandRefusedError}
 */
export async function verifyBatches({
  config,
  domain,
  signer,
  attesterKey,
  say = () => {},
}: Options): Promise<Verified> {
  const { contracts, rollupId, chainId } = config.network
  const account = openL1Account({ rpcUrls: config.l1.rpcUrls, contracts, signer })
  const db = connectDatabase(config.database.url, { maxConnections: 2, name: 'zknode-verify' })
  const threads = createReexecutionThreads()
  try {
    const start = await findStart(account, rollupId)
    const toBatch = await findEnd(db, account, rollupId, start.batch)
    const fromBatch = start.batch + 1
    const attester = createAttester(attesterKey)
    const prover = createAttestationProver({ name: 'verify-batches', attester, domain, reexecutor: threads })
    const readJob = createJobInputsReader({ db, chainId })
    const control = { signal: new AbortController().signal, onProgress: () => {}, onAssigned: () => {} }
    let proof: string | undefined
    for (let number = fromBatch; number <= toBatch; number++) {
      const job = await readJob(BatchNumber(number))
      const next = await prover.proveBatch({ jobId: `batch-${number}`, ...job }, control)
      if (proof === undefined) proof = next
      else {
        const claims = joinClaims(decodeAttestationProof(proof), decodeAttestationProof(next))
        proof = await prover.aggregate({ jobId: `run-${number}`, proofs: [proof, next], claims }, control)
      }
      say(`Batch ${number} proven`)
    }
    const aggregator = Address(account.address)
    const claims = decodeAttestationProof(proof!)
    const final = await prover.finalize({ jobId: 'final', proof: proof!, claims, aggregator }, control)
    const receipt = await account.send(account.manager, 'verifyBatches', callOf(final, rollupId, start.pendingState))
    return { fromBatch, toBatch, l1TxHash: receipt.hash as Hash }
  } finally {
    await threads.close()
    await db.$client.end({ timeout: 5 })
    account.close()
  }
}

function callOf({ publicInputs, aggregator, words }: FinalProof, rollupId: number, pendingState: number): unknown[] {
  const { oldBatchNumber, newBatchNumber, newLocalExitRoot, newStateRoot } = publicInputs
  return [rollupId, pendingState, oldBatchNumber, newBatchNumber, newLocalExitRoot, newStateRoot, aggregator, words]
}

/** The last batch that L1 has verified, and the pending state that says so, 0 for none. */
async function findStart({ manager }: L1Account, rollupId: number): Promise<{ batch: number; pendingState: number }> {
  const [last, data] = await Promise.all([
    manager.getFunction('getLastVerifiedBatch')(rollupId),
    manager.getFunction('rollupIDToRollupData')(rollupId),
  ])
  return { batch: Number(last), pendingState: Number(data.lastPendingState) }
}

/** The last end of a sequence that anybody may verify now. */
async function findEnd(
  db: Database,
  { manager, provider }: L1Account,
  rollupId: number,
  after: number,
): Promise<number> {
  const [timeout, head] = await Promise.all([
    manager.getFunction('trustedAggregatorTimeout')() as Promise<bigint>,
    provider.getBlock('latest'),
  ])
  const ends = await findSequenceEnds(db, BatchNumber(after), BatchNumber(after + MAX_BATCHES))
  for (const end of ends.reverse()) {
    const { sequencedTimestamp } = await manager.getFunction('getRollupSequencedBatches')(rollupId, end)
    if (sequencedTimestamp + timeout <= BigInt(head!.timestamp)) return end
  }
  throw new NothingToVerifyError('No sequence is past the time of the trusted aggregator.', {
    facts: { lastVerified: after, sequences: ends.length, trustedAggregatorTimeout: Number(timeout) },
  })
}
