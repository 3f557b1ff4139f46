import { NodeError } from '#common/errors.ts'
import { type ExecuteBatchResult, executeBatch } from '#executor/executeBatch.ts'
import { createFollowingStateReader } from '#executor/followingStateReader.ts'
import { OverlayNodeStore } from '#executor/overlayNodeStore.ts'
import { type Account, createTreeStateReader, type SlotKey, type StateReader } from '#executor/stateReader.ts'
import type { NodeStore } from '#merkletree/nodeStore.ts'
import { encodeWitness, RecordingNodeStore } from '#merkletree/witness.ts'
import type { Address, Hash } from '#protocol/primitives.ts'
import type { BatchInputs } from './types.ts'

/** The reader gave other values than the tree holds: accounts and storage are damaged, or are of another block. */
export class StateInconsistentError extends NodeError {
  override readonly name = 'StateInconsistentError'
}

type Options = {
  inputs: BatchInputs
  /** The tree; must hold oldStateRoot. */
  store: NodeStore
  /** State at oldStateRoot: values come from here, one round trip a miss, where the tree would take one a level. */
  reader: StateReader
}

/** The witness against oldStateRoot (merkletree/witness.ts has its form), and what the execution gave. */
export type ProducedWitness = { witness: Uint8Array; result: ExecuteBatchResult }

/**
 * Executes a batch and keeps what a stateless execution of the same batch will ask for: the nodes of the old tree above
 * everything that was read or changed, and the codes that ran. L1 info leaves are taken as they are. The witness does
 * not depend on what only L1 fixes (accumulated input hash, l1InfoRoot of a batch that is not forced), so it can be made
 * before the batch is sequenced. @throws {StateInconsistentError} when reader and tree disagree
 */
export async function produceWitness({ inputs, store, reader }: Options): Promise<ProducedWitness> {
  const recordingStore = new RecordingNodeStore(store)
  const recordingReader = new RecordingStateReader(reader)
  const result = await executeBatch(
    { ...inputs, skipVerifyL1InfoRoot: true },
    { reader: recordingReader, store: recordingStore },
  )
  // What was only read is not in the record yet. Reading it from the tree puts it there, in one walk.
  await recordingReader.assertSameAs(createTreeStateReader(recordingStore, inputs.oldStateRoot, recordingReader.codes))
  return { witness: encodeWitness(inputs.oldStateRoot, recordingStore.nodes, recordingReader.codes), result }
}

/**
 * The witness of several batches, or parts of batches, that follow each other, against the state root before the first:
 * what came into being among them is not part of it. `store` and `reader` as for one batch.
 * @throws {StateInconsistentError} when reader and tree disagree, or a part leads to another root than the next starts at
 */
export async function produceRangeWitness({
  parts,
  store,
  reader,
}: Omit<Options, 'inputs'> & { parts: readonly BatchInputs[] }): Promise<Uint8Array> {
  const oldStateRoot = parts[0]!.oldStateRoot
  const recordingStore = new RecordingNodeStore(store)
  const recordingReader = new RecordingStateReader(reader)
  const nodes = new OverlayNodeStore(recordingStore)
  const state = createFollowingStateReader(recordingReader)
  let root = oldStateRoot
  for (const inputs of parts) {
    if (inputs.oldStateRoot !== root)
      throw new StateInconsistentError('A batch does not start where the one before it ends.', {
        facts: { batchNumber: inputs.batchNumber, startsAt: inputs.oldStateRoot, endedAt: root },
      })
    const result = await executeBatch({ ...inputs, skipVerifyL1InfoRoot: true }, { reader: state, store: nodes })
    for (const { newNodes, stateDiff } of result.blocks) {
      nodes.add(newNodes)
      state.add(stateDiff)
    }
    root = result.newStateRoot
  }
  await recordingReader.assertSameAs(createTreeStateReader(recordingStore, oldStateRoot, recordingReader.codes))
  return encodeWitness(oldStateRoot, recordingStore.nodes, recordingReader.codes)
}

/** Remembers every answer. */
class RecordingStateReader implements StateReader {
  readonly accounts = new Map<Address, Account>()
  readonly slots = new Map<string, SlotKey & { value: bigint }>()
  readonly codes = new Map<Hash, Uint8Array>()
  readonly #below: StateReader

  constructor(below: StateReader) {
    this.#below = below
  }

  async getAccounts(addresses: readonly Address[]): Promise<Account[]> {
    const accounts = await this.#below.getAccounts(addresses)
    for (const [index, address] of addresses.entries()) this.accounts.set(address, { ...accounts[index]! })
    return accounts
  }

  async getStorage(slots: readonly SlotKey[]): Promise<bigint[]> {
    const values = await this.#below.getStorage(slots)
    for (const [index, { address, slot }] of slots.entries())
      this.slots.set(`${address}/${slot}`, { address, slot, value: values[index]! })
    return values
  }

  async getCodes(codeHashes: readonly Hash[]): Promise<Uint8Array[]> {
    const codes = await this.#below.getCodes(codeHashes)
    for (const [index, codeHash] of codeHashes.entries()) this.codes.set(codeHash, codes[index]!)
    return codes
  }

  async assertSameAs(other: StateReader): Promise<void> {
    const [accounts, slots] = [[...this.accounts], [...this.slots.values()]]
    const otherAccounts = await other.getAccounts(accounts.map(([address]) => address))
    for (const [index, [address, account]] of accounts.entries()) {
      const inTree = otherAccounts[index]!
      for (const field of ['nonce', 'balance', 'codeHash', 'codeSize'] as const)
        if (account[field] !== inTree[field])
          throw inconsistent({ address, field, read: account[field], inTree: inTree[field] })
    }
    const otherValues = await other.getStorage(slots)
    for (const [index, { address, slot, value }] of slots.entries())
      if (value !== otherValues[index])
        throw inconsistent({ address, field: `slot ${slot}`, read: value, inTree: otherValues[index]! })
  }
}

function inconsistent(facts: {
  address: Address
  field: string
  read: bigint | string | number
  inTree: bigint | string | number
}) {
  return new StateInconsistentError('State and tree disagree before the batch.', { facts })
}
