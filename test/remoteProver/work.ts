import type { FinalProofMessage, InputProver } from '#prover/remote/messages.ts'

/** What a test prover computes: the three kinds of proofs. Rejects when the inputs cannot be proven. */
export type ProverWork = {
  batch: (input: InputProver) => Promise<string>
  aggregated: (first: string, second: string) => Promise<string>
  final: (proof: string, aggregator: string) => Promise<FinalProofMessage>
}
