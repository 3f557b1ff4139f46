import { BatchNumber } from '#protocol/primitives.ts'
import { createAttester } from '#prover/signature.ts'
import type { AttestationDomain, Claims, JobControl } from '#prover/types.ts'
import { addressOf, hashOf } from './blocks.ts'

/** Attesters in ascending order of their addresses. */
export const ATTESTERS = [1, 2, 3, 4, 5, 6, 7, 8, 9]
  .map((number) => createAttester(`0x${number.toString(16).padStart(64, '0')}`))
  .sort((a, b) => (a.address < b.address ? -1 : 1))

export const DOMAIN: AttestationDomain = { l1ChainId: 1337, verifier: addressOf(0x5e) }

/** True-looking claims over batches first..last; neighbours meet. */
export function claimsOf(first: number, last: number, changes: Partial<Claims> = {}): Claims {
  return {
    oldStateRoot: hashOf(100 + first - 1),
    newStateRoot: hashOf(100 + last),
    oldAccInputHash: hashOf(200 + first - 1),
    newAccInputHash: hashOf(200 + last),
    newLocalExitRoot: hashOf(300 + last),
    oldBatchNumber: BatchNumber(first - 1),
    newBatchNumber: BatchNumber(last),
    chainId: 1000,
    forkId: 9,
    ...changes,
  }
}

/** Control of a job that nobody cancels. */
export const undisturbed = (): JobControl => ({
  signal: new AbortController().signal,
  onProgress: () => {},
  onAssigned: () => {},
})
