import type { BatchNumber } from '#protocol/primitives.ts'
import { encodeJobInputs, type JobInputs } from '#prover/jobInputs.ts'
import { contentDigest, inputsKey, type ObjectStore, witnessKey } from '#prover/objectStore.ts'
import type { Database } from './client.ts'
import { createL1InfoProofs, ProofInputsMissingError, readBatchInputs } from './proofInputs.ts'
import { findWitness } from './proofs.ts'

type Source = { db: Database; chainId: number }

/**
 * Reads what a proof of a virtual batch is made from. Make one and keep it: it has the L1 info tree in memory. What it
 * gives @throws {ProofInputsMissingError} while the batch is not virtual or has no witness
 */
export function createJobInputsReader({ db, chainId }: Source) {
  const infoTree = createL1InfoProofs()

  return async (batchNumber: BatchNumber): Promise<JobInputs & { witness: Uint8Array }> => {
    const job = await readBatchInputs(db, { chainId, batchNumber }, infoTree)
    const { oldStateRoot } = job.inputs
    const witness = await findWitness(db, batchNumber, oldStateRoot)
    if (witness !== undefined) return { ...job, witness }
    throw new ProofInputsMissingError('The batch has no witness against this root.', {
      facts: { batchNumber, oldStateRoot },
    })
  }
}

/** Where provers find what a batch proof is made from. `digest` is of the inputs: other inputs have another one. */
export type PreparedInputs = { inputsKey: string; witnessKey: string; digest: string }

/**
 * Puts inputs and witness of a virtual batch where provers find them: they read nothing of the State DB. Safe to repeat.
 * What it gives throws as the reader does.
 */
export function createInputsPreparation({ objects, ...source }: Source & { objects: ObjectStore }) {
  const read = createJobInputsReader(source)

  return async function prepareBatchInputs(batchNumber: BatchNumber): Promise<PreparedInputs> {
    const { witness, ...job } = await read(batchNumber)
    const content = encodeJobInputs(job)
    const digest = contentDigest(content)
    const keys = { inputsKey: inputsKey(batchNumber, digest), witnessKey: witnessKey(batchNumber, witness) }
    await Promise.all([objects.put(keys.inputsKey, content), objects.put(keys.witnessKey, witness)])
    return { ...keys, digest }
  }
}
