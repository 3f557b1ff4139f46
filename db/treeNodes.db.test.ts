import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createCachedNodeStore } from '#merkletree/cachedNodeStore.ts'
import type { StoredNode } from '#merkletree/nodeStore.ts'
import { getProof, verifyProof } from '#merkletree/proof.ts'
import { anyChanges, anyKey, expectRootsOfDefinition, toKey } from '#merkletree/testTrees.ts'
import { readTree } from '#merkletree/tree.ts'
import { openTestDatabase } from '#test/database.ts'
import type { Database } from './client.ts'
import { createDatabaseNodeStore, insertTreeNodes } from './treeNodes.ts'

let db: Database
let close: () => Promise<void>
beforeAll(async () => {
  ;({ db, close } = await openTestDatabase())
})
afterAll(() => close())

const stores = {
  'Postgres alone': () => createDatabaseNodeStore(db),
  'a cache over it that holds few nodes': () => createCachedNodeStore(createDatabaseNodeStore(db), { maxNodes: 100 }),
}

test.each(Object.entries(stores))(
  'any inserts, overwrites and deletes give the roots of the definition: %s',
  {
    timeout: 60_000,
  },
  async (_, createStore) => {
    // Keys part as deep as at level 200, and each level is a round trip.
    const groups = fc.array(anyChanges, { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(groups, anyKey, async (changes, other) => {
        const add = (nodes: readonly StoredNode[]) => insertTreeNodes(db, [{ blockNumber: 0, newNodes: nodes }])
        const root = await expectRootsOfDefinition(changes, { store: createStore(), add })
        const [known, value] = [...new Map(changes.flat())].at(-1)!
        const proof = await getProof(createStore(), root, toKey(known))
        expect(verifyProof(root, toKey(known), value, proof)).toBe(true)
        const [read] = await readTree(createStore(), root, [toKey(other)])
        expect(verifyProof(root, toKey(other), read!, await getProof(createStore(), root, toKey(other)))).toBe(true)
      }),
      { numRuns: 5 },
    )
  },
)
