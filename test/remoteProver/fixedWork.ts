import { hexToBytes } from '#common/bytes.ts'
import type { ProverWork } from './work.ts'

const word = (byte: string) => `0x${byte.repeat(32)}`
const asText = (hex: string): Uint8Array => new TextEncoder().encode(hex)

/**
 * Answers as the mock mode of the production prover: the same whatever the inputs are, new roots as hex text, old ones as
 * bytes, no fork id in a final proof.
 */
export const fixedWork: ProverWork = {
  batch: async () => '1111111111111111111111111111111111111111',
  aggregated: async () => '2222222222222222222222222222222222222222',
  final: async () => ({
    proof: `0x${Array.from({ length: 24 }, (_, index) => (index + 1).toString(16).padStart(64, '0')).join('')}`,
    public: {
      publicInputs: {
        oldStateRoot: hexToBytes(word('a1')),
        oldAccInputHash: hexToBytes(word('a2')),
        oldBatchNum: 1,
        chainId: 1000,
        forkId: 0,
        batchL2Data: hexToBytes(word('a3')),
        l1InfoRoot: hexToBytes(word('a4')),
        timestampLimit: 1_000_000,
        sequencerAddr: `0x${'a5'.repeat(20)}`,
        forcedBlockhashL1: hexToBytes(word('a6')),
        aggregatorAddr: `0x${'a7'.repeat(20)}`,
        l1InfoTreeData: {},
      },
      newStateRoot: asText(word('b1')),
      newAccInputHash: asText(word('b2')),
      newLocalExitRoot: asText(word('b3')),
      newBatchNum: 2,
    },
  }),
}
