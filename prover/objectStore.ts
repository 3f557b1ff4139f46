import { NodeError } from '#common/errors.ts'

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
  find(key: string): Promise<Uint8Array | undefined>
  /** @throws {ObjectNotFoundError} */
  get(key: string): Promise<Uint8Array>
  has(key: string): Promise<boolean>
  /** Keys without a content are no error. */
  delete(keys: readonly string[]): Promise<void>
  /** Deletes every key that begins so. */
  deletePrefix(prefix: string): Promise<void>
}
