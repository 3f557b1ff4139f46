import type { BatchNumber } from '#protocol/primitives.ts'
import { encodeJobInputs } from '#prover/jobInputs.ts'
import { contentDigest, inputsKey, type ObjectStore, witnessKey } from '#prover/objectStore.ts'
import type { Database } from './client.ts'
import { createL1InfoProofs, ProofInputsMissingError, readBatchInputs } from './proofInputs.ts'
import { findWitness } from './proofs.ts'

/** Where provers find what a batch proof is made from. `digest` is of the inputs: other inputs have another one. */
export type PreparedInputs = { inputsKey: string; witnessKey: string; digest: string }

type Dependencies = { db: Database; objects: ObjectStore; chainId: number }

/**
 * Puts inputs and witness of a virtual batch where provers find them: they read nothing of the State DB. Safe to repeat.
 * Make one and keep it: it has the L1 info tree in memory.
 */
export function createInputsPreparation({ db, objects, chainId }: Dependencies) {
  const infoTree = createL1InfoProofs()

  /** @throws {ProofInputsMissingError} while the batch is not virtual or has no witness */
  return async function prepareBatchInputs(batchNumber: BatchNumber): Promise<PreparedInputs> {
    const job = await readBatchInputs(db, { chainId, batchNumber }, infoTree)
    const { oldStateRoot } = job.inputs
    const witness = await findWitness(db, batchNumber, oldStateRoot)
    if (witness === undefined)
      throw new ProofInputsMissingError('The batch has no witness against this root.', {
        facts: { batchNumber, oldStateRoot },
      })
    const content = encodeJobInputs(job)
    const digest = contentDigest(content)
    const keys = { inputsKey: inputsKey(batchNumber, digest), witnessKey: witnessKey(batchNumber, witness) }
    await Promise.all([objects.put(keys.inputsKey, content), objects.put(keys.witnessKey, witness)])
    return { ...keys, digest }
  }
}
