import { type BatchResult, executeBatch } from '#executor/executeBatch.ts'
import type { StateReader } from '#executor/stateReader.ts'
import type { NodeStore } from '#merkletree/nodeStore.ts'
import { encodeWitness, RecordingNodeStore } from '#merkletree/witness.ts'
import type { Hash } from '#protocol/primitives.ts'
import type { BatchInputs } from './types.ts'

type Options = {
  inputs: BatchInputs
  /** The tree; must hold oldStateRoot. */
  store: NodeStore
  /** Code by its hash; it is not in the tree. */
  codes: Pick<StateReader, 'getCodes'>
}

/**
 * Executes a batch on the tree and keeps what it touched: the nodes of the old tree and the codes that a stateless
 * execution of the same batch will ask for. L1 info leaves are taken as they are; the witness does not depend on
 * l1InfoRoot (of a batch that is not forced), timestamp limit or accumulated input hash, so it can be made before L1
 * has the batch.
 */
export async function produceWitness({
  inputs,
  store,
  codes,
}: Options): Promise<{ witness: Uint8Array; result: BatchResult }> {
  const recordingStore = new RecordingNodeStore(store)
  const recordedCodes = new Map<Hash, Uint8Array>()
  const recordingCodes = {
    async getCodes(codeHashes: readonly Hash[]) {
      const found = await codes.getCodes(codeHashes)
      for (const [index, codeHash] of codeHashes.entries()) recordedCodes.set(codeHash, found[index]!)
      return found
    },
  }
  const result = await executeBatch(
    { ...inputs, skipVerifyL1InfoRoot: true },
    { store: recordingStore, codes: recordingCodes },
  )
  return { witness: encodeWitness(inputs.oldStateRoot, recordingStore.nodes, recordedCodes), result }
}
