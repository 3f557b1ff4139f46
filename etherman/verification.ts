import type { Address, Hash, Hex } from '#protocol/primitives.ts'
import { rollupManagerInterface } from './interfaces.ts'

export type VerificationCall = {
  rollupId: number
  /** Last batch before the run, whose state L1 has. */
  initNumBatch: number
  /** Last batch of the run; ends a sequence. */
  finalNewBatch: number
  newLocalExitRoot: Hash
  newStateRoot: Hash
  /** Gets the reward in POL. */
  beneficiary: Address
  /** 24 words. */
  proof: readonly Hash[]
}

/** Not on top of a pending state: the trusted aggregator has none. */
const NO_PENDING_STATE = 0

/** Calldata of a verification by the trusted aggregator: final as soon as it is mined. */
export function encodeVerifyBatches(call: VerificationCall): Hex {
  const { rollupId, initNumBatch, finalNewBatch, newLocalExitRoot, newStateRoot, beneficiary, proof } = call
  const range = [rollupId, NO_PENDING_STATE, initNumBatch, finalNewBatch]
  const args = [...range, newLocalExitRoot, newStateRoot, beneficiary, proof]
  return rollupManagerInterface.encodeFunctionData('verifyBatchesTrustedAggregator', args) as Hex
}
