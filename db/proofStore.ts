import type { ProofStore } from '#prover/proofStore.ts'
import type { Database } from './client.ts'
import { createL1InfoProofs, ProofInputsMissingError, readBatchInputs } from './proofInputs.ts'
import { deleteProof, findProof, findWitness, getProof, insertProof } from './proofs.ts'

/** The proof store in the State DB. */
export function createDatabaseProofStore({ db, chainId }: { db: Database; chainId: number }): ProofStore {
  const infoTree = createL1InfoProofs()
  return {
    getBatchInputs: (batchNumber) => readBatchInputs(db, { chainId, batchNumber }, infoTree),
    async getWitness(batchNumber, oldStateRoot) {
      const witness = await findWitness(db, batchNumber, oldStateRoot)
      if (witness !== undefined) return witness
      throw new ProofInputsMissingError('The batch has no witness against this root.', {
        facts: { batchNumber, oldStateRoot },
      })
    },
    findProof: (proofId) => findProof(db, proofId),
    getProof: (proofId) => getProof(db, proofId),
    putProof: (proof) => insertProof(db, proof),
    deleteProof: (proofId) => deleteProof(db, proofId),
  }
}
