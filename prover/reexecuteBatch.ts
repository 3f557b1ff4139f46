import { NodeError } from '#common/errors.ts'
import { executeBatch } from '#executor/executeBatch.ts'
import { createTreeStateReader } from '#executor/stateReader.ts'
import { decodeWitness } from '#merkletree/witness.ts'
import { BatchNumber } from '#protocol/primitives.ts'
import { findBatchDifference } from './compareBatch.ts'
import { ProofRefusedError } from './errors.ts'
import { type ExecutedBatch, summarizeExecution } from './executedBatch.ts'
import type { ReexecutionJob } from './reexecute.ts'
import type { BatchInputs, Claims } from './types.ts'

/**
 * Executes a batch on its inputs and witness alone and returns what may be signed: only what was given by L1 or
 * computed here. @throws {ProofRefusedError} when the witness is not one of oldStateRoot or lacks something, when an L1
 * info leaf is not proven, or naming the first L2 block and field that differ from what is claimed
 */
export async function reexecuteBatch({ inputs, witness, claimed }: ReexecutionJob): Promise<Claims> {
  const { batchNumber, oldStateRoot, oldAccInputHash, chainId, forkId } = inputs
  const computed = await executeOnWitness(inputs, witness)
  const difference = findBatchDifference(claimed, computed)
  if (difference !== undefined)
    throw new ProofRefusedError('Execution gives something else than is claimed.', {
      facts: { batchNumber, ...difference },
    })
  const { newStateRoot, newAccInputHash, newLocalExitRoot } = computed
  const range = { oldBatchNumber: BatchNumber(batchNumber - 1), newBatchNumber: batchNumber }
  return { oldStateRoot, newStateRoot, oldAccInputHash, newAccInputHash, newLocalExitRoot, ...range, chainId, forkId }
}

async function executeOnWitness(inputs: BatchInputs, witness: Uint8Array): Promise<ExecutedBatch> {
  const { batchNumber, oldStateRoot } = inputs
  try {
    const { root, store, codes } = decodeWitness(witness)
    if (root !== oldStateRoot)
      // It says no hash that can be computed: which node was altered cannot be told from it.
      throw new ProofRefusedError('The witness gives another root: it is altered, or of another state.', {
        facts: { batchNumber, field: 'oldStateRoot', claimed: oldStateRoot, computed: root },
      })
    const reader = createTreeStateReader(store, root, codes)
    return summarizeExecution(
      await executeBatch({ ...inputs, l1InfoTreeData: provenLeaves(inputs) }, { reader, store }),
    )
  } catch (cause) {
    // Input and code are all there is: what they cannot do now, they never can. Anything else is a fault of ours.
    if (!(cause instanceof NodeError) || cause instanceof ProofRefusedError) throw cause
    throw new ProofRefusedError('The batch cannot be executed on its witness.', {
      cause,
      facts: { batchNumber, field: 'witness', error: cause.name, reason: cause.message },
    })
  }
}

/** The executor takes leaves without a proof on trust. There is no trust here: such a leaf gets a proof that fails. */
function provenLeaves({ l1InfoTreeData }: BatchInputs): BatchInputs['l1InfoTreeData'] {
  return new Map([...l1InfoTreeData].map(([index, leaf]) => [index, { ...leaf, proof: leaf.proof ?? [] }]))
}
