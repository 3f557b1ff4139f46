import { createHash } from 'node:crypto'
import { NodeError } from '#common/errors.ts'
import type { BatchNumber } from '#protocol/primitives.ts'

/** There is no content under the key (yet): trying again is right. */
export class ObjectNotFoundError extends NodeError {
  override readonly name = 'ObjectNotFoundError'
}

/**
 * Contents by key: what provers are given and what they make. A content never changes under its key. Keys are ASCII
 * texts with `/` between their parts.
 */
export interface ObjectStore {
  /** The first content of a key stays, whoever put it. Returns what is stored. */
  put(key: string, content: Uint8Array): Promise<Uint8Array>
  /** @throws {ObjectNotFoundError} */
  get(key: string): Promise<Uint8Array>
  has(key: string): Promise<boolean>
}

/** Merkle witness of a batch: a batch that is made again on the same state has another one, so the content names it. */
export const witnessKey = (batchNumber: BatchNumber, witness: Uint8Array) =>
  `witness/${batchNumber}/${contentDigest(witness)}`

/** What a batch proof is made from: see jobInputs.ts. */
export const inputsKey = (batchNumber: BatchNumber, digest: string) => `inputs/${batchNumber}/${digest}`

/** The text that a prover gave for a job. */
export const proofKey = (proofId: string) => `proof/${proofId}`

/** SHA-256, 64 hex digits. */
export const contentDigest = (content: Uint8Array) => createHash('sha256').update(content).digest('hex')
