import { NodeError } from '#common/errors.ts'
import { balanceKey, codeHashKey, codeLengthKey, nonceKey, storageKey } from '#merkletree/keys.ts'
import type { NodeStore } from '#merkletree/nodeStore.ts'
import { readTree } from '#merkletree/tree.ts'
import { type Address, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { wordToHash } from './words.ts'

/** What the state tree knows of an address. An address without leaves reads as all zero. */
export type Account = {
  /** uint64 */
  nonce: bigint
  /** wei, uint256 */
  balance: bigint
  /** Linear Poseidon of the code, ZERO_HASH when there is none. */
  codeHash: Hash
  codeSize: number
}

/** A storage word: uint256 slot of an address. */
export type SlotKey = { address: Address; slot: bigint }

/**
 * State as it was after one block. Answers come in the order asked for, one round trip a call; unknown accounts and
 * slots read as zero. Errors reject the promise and leave the executor as it was: the caller may try again.
 */
export interface StateReader {
  getAccounts(addresses: readonly Address[]): Promise<Account[]>
  getStorage(slots: readonly SlotKey[]): Promise<bigint[]>
  getCodes(codeHashes: readonly Hash[]): Promise<Uint8Array[]>
}

/** Code an account refers to is not in the given set. */
export class MissingCodeError extends NodeError {
  override readonly name = 'MissingCodeError'
}

/** Where contract code comes from when accounts and storage come from the tree: code is not in the tree. */
export type CodeSource = ReadonlyMap<Hash, Uint8Array> | Pick<StateReader, 'getCodes'>

/** Reads everything from the Merkle tree below `root`, as a stateless prover does. @throws {MissingNodeError} */
export function createTreeStateReader(store: NodeStore, root: Hash, codes: CodeSource): StateReader {
  return {
    async getAccounts(addresses) {
      const keys = addresses.flatMap((address) => [
        balanceKey(address),
        nonceKey(address),
        codeHashKey(address),
        codeLengthKey(address),
      ])
      const values = await readTree(store, root, keys)
      return addresses.map((_, index) => {
        const [balance, nonce, codeHash, codeSize] = values.slice(4 * index, 4 * index + 4) as [
          bigint,
          bigint,
          bigint,
          bigint,
        ]
        return {
          nonce,
          balance,
          codeHash: codeHash === 0n ? ZERO_HASH : wordToHash(codeHash),
          codeSize: Number(codeSize),
        }
      })
    },
    getStorage: (slots) =>
      readTree(
        store,
        root,
        slots.map(({ address, slot }) => storageKey(address, slot)),
      ),
    getCodes: async (codeHashes) => ('getCodes' in codes ? codes.getCodes(codeHashes) : findCodes(codes, codeHashes)),
  }
}

function findCodes(codes: ReadonlyMap<Hash, Uint8Array>, codeHashes: readonly Hash[]): Uint8Array[] {
  return codeHashes.map((codeHash) => {
    const code = codes.get(codeHash)
    if (code === undefined) throw new MissingCodeError('No such code.', { facts: { codeHash } })
    return code
  })
}
