import { hexToBytes } from '#common/bytes.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import type { StoredNode } from '#merkletree/nodeStore.ts'
import { updateTree } from '#merkletree/tree.ts'
import { type Address, type Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { type StateDiff, WorldState } from './worldState.ts'

/** An account that exists before the first batch. */
export type GenesisAccount = {
  address: Address
  /** wei */
  balance: bigint
  nonce: bigint
  code?: Hex
  /** Slot → value, both 32 bytes or shorter hex. */
  storage?: Readonly<Record<Hex, Hex>>
}

/** State of L2 block 0: its root, the tree nodes, the level of the deepest leaf, and the rows to store. */
export type GenesisState = { root: Hash; newNodes: StoredNode[]; treeDepth: number; changes: StateDiff }

const EMPTY_STATE = {
  getAccounts: async (addresses: readonly Address[]) =>
    addresses.map(() => ({ nonce: 0n, balance: 0n, codeHash: ZERO_HASH, codeSize: 0 })),
  getStorage: async (slots: readonly unknown[]) => slots.map(() => 0n),
  getCodes: async () => [],
}

/** Order of accounts and slots does not matter; zero values leave no trace. */
export async function buildGenesis(accounts: readonly GenesisAccount[]): Promise<GenesisState> {
  const world = new WorldState(EMPTY_STATE, { maxEntries: Number.MAX_SAFE_INTEGER })
  await world.prefetchAccounts(accounts.map(({ address }) => address))
  world.beginTransaction()
  for (const { address, balance, nonce, code, storage = {} } of accounts) {
    const account = world.account(address)
    world.setBalance(account, balance)
    world.setNonce(account, nonce)
    if (code !== undefined) world.setCode(account, hexToBytes(code))
    const slots = Object.entries(storage).map(([slot, value]) => ({ slot: BigInt(slot), value: BigInt(value) }))
    await world.prefetchSlots(slots.map(({ slot }) => ({ address, slot })))
    for (const { slot, value } of slots) world.setStorage(world.slot(account, slot), value)
  }
  const { diff, treeChanges } = world.changes()
  const { root, newNodes, depth } = await updateTree(new MemoryNodeStore(), ZERO_HASH, treeChanges)
  return { root, newNodes, treeDepth: depth, changes: diff }
}
