import { encodeSequenceBatches, type SequenceCalldata, sequenceTransactionBytes } from './sequenceCalldata.ts'

/** What a sequence takes of L1. */
export type SequenceCost = { transactionBytes: number; gas: number }

/**
 * How the data of batches gets to L1. There is one carrier, calldata; another one, as blobs, would measure otherwise and
 * give the transaction more than data.
 */
export type SequenceCarrier = {
  /** Upper bound for batches of these sizes in one L1 transaction. */
  measure(batchBytes: readonly number[]): SequenceCost
  encode(call: SequenceCalldata): { data: Uint8Array }
}

/** A byte of calldata costs 40 at the most (EIP-7623); what is measured on our contracts is in contracts/README.md. */
const GAS = { fixed: 200_000, batch: 5000, byte: 40 }

export const calldataCarrier: SequenceCarrier = {
  measure(batchBytes) {
    const transactionBytes = sequenceTransactionBytes(batchBytes)
    return { transactionBytes, gas: GAS.fixed + GAS.batch * batchBytes.length + GAS.byte * transactionBytes }
  },
  encode: (call) => ({ data: encodeSequenceBatches(call) }),
}
