import { describe, expect, test } from 'vitest'
import type { Address, Hash } from '#protocol/primitives.ts'
import type { BatchRun } from './batchRun.ts'
import type { SlotKey, StateReader } from './stateReader.ts'
import { batchesOf, loadTransitions, VectorChain } from './testing/transitionVectors.ts'

const KINDS = ['state-transition-fork9', 'state-transition-fork9-ethtests']

/** Remembers what was asked for, and how often. */
function watch(reader: StateReader) {
  const seen = { addresses: new Set<Address>(), slots: new Map<string, SlotKey>(), codes: new Set<Hash>() }
  const wrapped: StateReader = {
    getAccounts: (addresses) => {
      for (const address of addresses) seen.addresses.add(address)
      return reader.getAccounts(addresses)
    },
    getStorage: (slots) => {
      for (const key of slots) seen.slots.set(`${key.address}/${key.slot}`, key)
      return reader.getStorage(slots)
    },
    getCodes: (codes) => {
      for (const hash of codes) seen.codes.add(hash)
      return reader.getCodes(codes)
    },
  }
  return { seen, wrapped }
}

// Without preloading, every account, slot and code is missed once, in the middle of the instruction that needs it.
for (const kind of KINDS) {
  const vectors = loadTransitions(kind)?.filter((vector) => vector.outOfCounters !== true)
  describe.skipIf(vectors === undefined)(`${kind}: missing state`, () => {
    test.each(vectors ?? [])(`${kind} $id: the same with all state at hand`, async (vector) => {
      const batch = batchesOf(vector)[0]!
      const chain = await VectorChain.create(vector)
      const { seen, wrapped } = watch(chain.reader)
      const missing = await chain.runOn(batch, wrapped, (run) => run.run())
      const preloaded = await chain.runOn(batch, chain.reader, async (run) => {
        await run.world.prefetchAccounts(seen.addresses)
        await run.world.prefetchSlots([...seen.slots.values()])
        await run.world.prefetchCodes(seen.codes)
        await run.run()
      })
      expect(summary(preloaded)).toEqual(summary(missing))
    })
  })
}

function summary(run: BatchRun) {
  return {
    stateRoot: run.stateRoot,
    counters: run.counters,
    receipts: run.blocks.flatMap(({ receipts }) => receipts),
  }
}
