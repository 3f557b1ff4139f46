import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bytesToHex, concatBytes, hexToBytes } from '#common/bytes.ts'
import { hostileBytes } from '#protocol/hostileBytes.fixture.ts'
import { type Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { linearPoseidon } from './linearPoseidon.ts'
import type { NodeStore, StoredNode } from './nodeStore.ts'
import { poseidon } from './poseidon.ts'
import { anyChanges, anyGroups, buildTree, toChange, toKey } from './testTrees.ts'
import { readTree, updateTree } from './tree.ts'
import { MissingNodeError } from './walk.ts'
import { decodeWitness, encodeWitness, RecordingNodeStore, WitnessError } from './witness.ts'

/** 32-byte keys as real ones are: outputs of the hash. */
const hashedKey = (n: number) =>
  poseidon([BigInt(n), 0n, 0n, 0n, 0n, 0n, 0n, 0n], [0n, 0n, 0n, 0n]).reduceRight((sum, e) => (sum << 64n) | e, 0n)

test('a witness holds what an update and reads need, and gives the same result', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(anyGroups, anyChanges, async (groups, changes) => {
      const { store, root } = await buildTree(groups)
      const recorder = new RecordingNodeStore(store)
      const keys = changes.map(([key]) => toKey(key))
      const expected = await updateTree(recorder, root, changes.map(toChange))
      const values = await readTree(recorder, root, keys)
      const witness = decodeWitness(encodeWitness(root, recorder.nodes))
      expect(witness.root).toBe(root)
      expect((await updateTree(witness.store, root, changes.map(toChange))).root).toBe(expected.root)
      expect(await readTree(witness.store, root, keys)).toEqual(values)
      // One to one: what was decoded is encoded as the same bytes.
      const again = new RecordingNodeStore(witness.store)
      await updateTree(again, root, changes.map(toChange))
      await readTree(again, root, keys)
      expect(encodeWitness(root, again.nodes)).toEqual(encodeWitness(root, recorder.nodes))
    }),
    { numRuns: 100 },
  )
})

async function smallWitness() {
  const leaves = Array.from({ length: 40 }, (_, i) => [hashedKey(i), 2n ** BigInt(6 * i) + 1n] as const)
  const { store, root } = await buildTree([leaves])
  const recorder = new RecordingNodeStore(store)
  await updateTree(
    recorder,
    root,
    [0, 1, 2, 3].map((i) => toChange([leaves[i]![0], BigInt(i)])),
  )
  return { root, recorder, leaves }
}

test('no bit of a witness can change, and none of it can be missing', { timeout: 60_000 }, async () => {
  const { root, recorder } = await smallWitness()
  const bytes = encodeWitness(root, recorder.nodes)
  expect(rootOf(bytes)).toBe(root)
  for (let index = 0; index < bytes.length; index++) {
    for (let bit = 0; bit < 8; bit++) {
      const altered = bytes.slice()
      altered[index]! ^= 1 << bit
      expect(rootOf(altered)).not.toBe(root)
    }
    expect(rootOf(bytes.subarray(0, index))).toBe('refused')
  }
  expect(rootOf(concatBytes(bytes, Uint8Array.of(0)))).toBe('refused')
})

test('any bytes are a witness or refused with one error, and a witness has one form', { timeout: 60_000 }, async () => {
  const { root, recorder } = await smallWitness()
  const code = Uint8Array.of(0x60, 1)
  const whole = encodeWitness(root, recorder.nodes, new Map([[linearPoseidon(code), code]]))
  const few = Uint8Array.of(1, 2, 2, 3, 1, 1, 1, 5, 0, 3, 1, 1, 1, 6, 0, 0, 0, 0)
  expect(rootOf(few)).not.toBe('refused')
  await fc.assert(
    fc.asyncProperty(hostileBytes(fc.constantFrom(whole, few)), async (bytes) => {
      if (rootOf(bytes) === 'refused') return
      const { root, store, codes } = decodeWitness(bytes)
      expect(encodeWitness(root, await nodesBelow(store, root), codes)).toEqual(bytes)
    }),
    { numRuns: 1000 },
  )
})

test.each([
  ['a code of 4 GiB', '0x010000000001ffffffff'],
  ['as many codes', `0x0100ffffffff${'00000000'.repeat(10_000)}`],
  ['a path without end', `0x01${'02'.repeat(1_000_000)}`],
])('%s costs no more than the bytes that claim it', (_, hex) => {
  expect(rootOf(hexToBytes(hex))).toBe('refused')
})

/** Left and right as 0 and 1 from the root to each node, by its hash. */
function pathsOf(root: Hash, nodes: readonly StoredNode[]): Map<Hex, string> {
  const known = new Map(nodes.map(({ hash, data }) => [bytesToHex(hash), data]))
  const paths = new Map<Hex, string>()
  const visit = (hash: Hex, path: string) => {
    const data = known.get(hash)
    if (data === undefined) return
    paths.set(hash, path)
    if (data.length === 65) return
    visit(bytesToHex(data.subarray(0, 32)), `${path}0`)
    visit(bytesToHex(data.subarray(32)), `${path}1`)
  }
  visit(root, '')
  return paths
}

/** Bits of a key in the order of the levels. */
const bitsOf = (key: bigint, count: number) =>
  Array.from({ length: count }, (_, level) => (key >> BigInt(64 * (level % 4) + (level >> 2))) & 1n).join('')

test('a node that was left out is missing from the store, and named with its path and a key that leads there', async () => {
  const { root, recorder, leaves } = await smallWitness()
  const paths = pathsOf(root, recorder.nodes)
  expect(paths.size).toBe(recorder.nodes.length)
  let besides = 0
  for (const dropped of recorder.nodes) {
    const { store } = decodeWitness(
      encodeWitness(
        root,
        recorder.nodes.filter((node) => node !== dropped),
      ),
    )
    const changes = [0, 1, 2, 3].map((i) => toChange([leaves[i]![0], BigInt(i)]))
    const missing = await updateTree(store, root, changes).catch((error: unknown) => error)
    expect(missing).toBeInstanceOf(MissingNodeError)
    const hash = bytesToHex(dropped.hash)
    const path = paths.get(hash)!
    const found = /hash=(\S+) depth=(\d+) path=(\S*) (key|besideKey)=(\S+)$/.exec((missing as Error).message)
    expect(found?.slice(1, 4)).toEqual([hash, String(path.length), path])
    const bits = bitsOf(BigInt(found![5]!), path.length)
    if (found![4] === 'key') expect(bits).toBe(path)
    else {
      besides++
      expect(bits.slice(0, -1)).toBe(path.slice(0, -1))
      expect(bits).not.toBe(path)
    }
  }
  expect(besides).toBeGreaterThan(0)
})

test('codes are found by the hash of their bytes', async () => {
  const code = Uint8Array.of(0x60, 1, 0x60, 2, 0x55)
  const claimed = `0x${'11'.repeat(32)}` as Hash
  const { codes } = decodeWitness(encodeWitness(ZERO_HASH, [], new Map([[claimed, code]])))
  expect([...codes]).toEqual([[linearPoseidon(code), code]])
})

const p = 'ffffffff00000001'
test.each([
  ['another version', '0x0200', 'version'],
  ['an unknown tag', '0x0104', 'tag=4'],
  ['a leaf of zero', '0x0103010500', 'zero'],
  ['a number with a leading zero', '0x010301000105', 'leading zero'],
  ['a number of 33 bytes', `0x010321${'01'.repeat(33)}0105`, 'more than 32'],
  ['a key element of p', `0x010308${p}0105`, 'Not a key of this place'],
  ['more key than is left at its depth', '0x0102030880000000000000000105', 'path=0'],
  ['a subtree of hash zero', `0x010201${'00'.repeat(32)}`, 'Not the hash'],
  ['a hash element of p', `0x010201${'00'.repeat(24)}${p}`, 'Not the hash'],
  ['a tree that is too deep', `0x01${'02'.repeat(300)}`, 'deeper'],
  ['bytes left over', '0x01000000000000', 'left over'],
  ['a code that comes twice', '0x01000000000200000001aa00000001aa', 'twice'],
  ['an end inside a code', '0x01000000000100000002aa', 'too early'],
])('%s is refused', (_, hex, reason) => {
  expect(() => decodeWitness(hexToBytes(hex))).toThrow(WitnessError)
  expect(() => decodeWitness(hexToBytes(hex))).toThrow(reason)
})

async function nodesBelow(store: NodeStore, root: Hash): Promise<StoredNode[]> {
  const nodes: StoredNode[] = []
  const open = [hexToBytes(root)]
  for (let hash = open.pop(); hash !== undefined; hash = open.pop()) {
    const [data] = await store.getNodes([hash])
    if (data === undefined) continue
    nodes.push({ hash, data })
    if (data.length === 64) open.push(data.subarray(0, 32), data.subarray(32))
  }
  return nodes
}

function rootOf(bytes: Uint8Array): Hash | 'refused' {
  try {
    return decodeWitness(bytes).root
  } catch (error) {
    expect(error).toBeInstanceOf(WitnessError)
    return 'refused'
  }
}
