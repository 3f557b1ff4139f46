import { concatBytes, hexToBytes } from '#common/bytes.ts'
import { keccakHex } from './keccak.ts'
import type { Hash } from './primitives.ts'

/** One hash over the exits of L1 and of all rollups. Source: PolygonZkEVMGlobalExitRoot. */
export function globalExitRoot(mainnetExitRoot: Hash, rollupExitRoot: Hash): Hash {
  return keccakHex(concatBytes(hexToBytes(mainnetExitRoot), hexToBytes(rollupExitRoot)))
}
