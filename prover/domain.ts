import { bigIntToBytes, concatBytes, hexToBytes } from '#common/bytes.ts'
import type { AttestationDomain } from './types.ts'

/** Packed as Solidity's abi.encodePacked(string, uint256, address): ties a signature to one verifier on one chain. */
export function encodeDomain(name: string, { l1ChainId, verifier }: AttestationDomain): Uint8Array {
  return concatBytes(new TextEncoder().encode(name), bigIntToBytes(BigInt(l1ChainId), 32), hexToBytes(verifier))
}
