import { expect, test } from 'vitest'
import { bigIntToBytes, bytesToHex, hexToBytes } from '#common/bytes.ts'
import { buildGenesis } from '#executor/genesis.ts'
import { balanceKey, codeHashKey, codeLengthKey, nonceKey, storageKey } from '#merkletree/keys.ts'
import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import { MemoryNodeStore } from '#merkletree/memoryNodeStore.ts'
import { poseidon } from '#merkletree/poseidon.ts'
import { readTree, updateTree } from '#merkletree/tree.ts'
import { Address, type Hash, type Hex, ZERO_HASH } from '#protocol/primitives.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

/** Some sources leave out the prefix. */
const prefixed = (hex: string) => (hex.startsWith('0x') ? hex : `0x${hex}`) as Hex

type PoseidonVector = { id: string; input: string[]; capacity: string[]; output: string[] }
const poseidonFile = loadVectors<PoseidonVector>('poseidon')
describeVectors('poseidon', poseidonFile, () => {
  test.each(poseidonFile?.vectors ?? [])('$id', ({ input, capacity, output }) => {
    expect(poseidon(input.map(BigInt), capacity.map(BigInt))).toEqual(output.map(BigInt))
  })
})

type LinearVector = { id: string; bytecode: Hex; hash: Hash }
const linearFile = loadVectors<LinearVector>('linear-poseidon')
describeVectors('linear-poseidon', linearFile, () => {
  test.each(linearFile?.vectors ?? [])('$id', ({ bytecode, hash }) => {
    expect(linearPoseidon(hexToBytes(prefixed(bytecode)))).toBe(hash)
  })
})

type KeyVector = { id: string; leafType: number; address: string; slot?: string; keyHex: Hash }
const keyFile = loadVectors<KeyVector>('smt-keys')
describeVectors('smt-keys', keyFile, () => {
  test.each(keyFile?.vectors ?? [])('$id', ({ leafType, address, slot, keyHex }) => {
    const owner = Address(address)
    const ofType = [balanceKey, nonceKey, codeHashKey, (a: Address) => storageKey(a, BigInt(slot!)), codeLengthKey]
    expect(bytesToHex(ofType[leafType]!(owner))).toBe(keyHex)
  })
})

type RawVector = { id: string; keyForm: 'scalar' | 'h4'; ops: [string, string][]; root: Hash }
const rawFile = loadVectors<RawVector>('smt-raw')
describeVectors('smt-raw', rawFile, () => {
  const changesOf = ({ ops }: RawVector) =>
    ops.map(([key, value]) => ({ key: bigIntToBytes(BigInt(key), 32), value: BigInt(value) }))

  test.each(rawFile?.vectors ?? [])('$id, one by one', async (vector) => {
    const store = new MemoryNodeStore()
    let root = ZERO_HASH
    for (const change of changesOf(vector)) {
      const updated = await updateTree(store, root, [change])
      store.add(updated.newNodes)
      root = updated.root
    }
    expect(root).toBe(vector.root)
    const last = new Map(changesOf(vector).map(({ key, value }) => [bytesToHex(key), value]))
    const keys = [...last.keys()].map(hexToBytes)
    expect(await readTree(store, root, keys)).toEqual([...last.values()])
  })

  test.each(rawFile?.vectors ?? [])('$id, at once', async (vector) => {
    expect((await updateTree(new MemoryNodeStore(), ZERO_HASH, changesOf(vector))).root).toBe(vector.root)
  })
})

type Accounts = { address: string; balance: string; nonce: string; bytecode?: Hex; storage?: Record<Hex, Hex> }[]
for (const kind of ['smt-full-genesis', 'smt-genesis-networks']) {
  const file = loadVectors<{ id: string; accounts: Accounts; root: Hash }>(kind)
  describeVectors(kind, file, () => {
    test.each(file?.vectors ?? [])('$id', async ({ accounts, root }) => {
      const genesis = accounts.map(({ address, balance, nonce, bytecode, storage }) => ({
        address: Address(address),
        balance: BigInt(balance),
        nonce: BigInt(nonce),
        ...(bytecode && { code: prefixed(bytecode) }),
        ...(storage && { storage }),
      }))
      expect((await buildGenesis(genesis)).root).toBe(root)
    })
  })
}
