import { bytesToHex, hexToBytes } from '#common/bytes.ts'
import type { StoredNode } from '#merkletree/nodeStore.ts'
import { encodeWitness } from '#merkletree/witness.ts'
import { Address, BatchNumber, Hash } from '#protocol/primitives.ts'
import type { InputProver } from '#prover/remote/messages.ts'
import type { BatchInputs } from '#prover/types.ts'

/** A request for a batch proof, read by the side of the prover. */
export function readInput({ publicInputs, db, contractsBytecode }: InputProver): {
  inputs: BatchInputs
  witness: Uint8Array
} {
  if (publicInputs === null) throw new Error('There are no public inputs.')
  const hash = (bytes: Uint8Array) => Hash(bytesToHex(bytes))
  const oldStateRoot = hash(publicInputs.oldStateRoot)
  const leaves = Object.entries(publicInputs.l1InfoTreeData).map(([index, leaf]) => {
    const { globalExitRoot, blockhashL1, minTimestamp, smtProof } = leaf
    const proof = smtProof.map(hash)
    return [
      Number(index),
      { globalExitRoot: hash(globalExitRoot), blockHashL1: hash(blockhashL1), minTimestamp, proof },
    ] as const
  })
  const inputs = {
    batchNumber: BatchNumber(publicInputs.oldBatchNum + 1),
    forkId: publicInputs.forkId,
    chainId: publicInputs.chainId,
    oldStateRoot,
    oldAccInputHash: hash(publicInputs.oldAccInputHash),
    batchL2Data: publicInputs.batchL2Data,
    l1InfoRoot: hash(publicInputs.l1InfoRoot),
    timestampLimit: publicInputs.timestampLimit,
    coinbase: Address(publicInputs.sequencerAddr),
    forcedBlockHashL1: hash(publicInputs.forcedBlockhashL1),
    l1InfoTreeData: new Map(leaves),
  }
  const codes = Object.entries(contractsBytecode).map(
    ([codeHash, code]) => [Hash(`0x${codeHash}`), hexToBytes(`0x${code}`)] as const,
  )
  return { inputs, witness: encodeWitness(oldStateRoot, readNodes(db), new Map(codes)) }
}

/** The nodes of a prover's state database, without its values, which go into their leaves. */
export function readNodes(db: Readonly<Record<string, string>>): StoredNode[] {
  return Object.entries(db).flatMap(([hash, digits]) => {
    const words = digits.match(/.{16}/g) ?? []
    if (words.length === 8) return [] // a value
    const [first, second] = [words.slice(0, 4), words.slice(4, 8)].map(joinElements) as [string, string]
    const node = (data: string): StoredNode => ({ hash: hexToBytes(`0x${hash}`), data: hexToBytes(`0x${data}`) })
    return Number(words[8]) === 1 ? [node(`01${first}${readValue(db, second)}`)] : [node(first + second)]
  })
}

function readValue(db: Readonly<Record<string, string>>, hash: string): string {
  const limbs = db[hash]?.match(/.{16}/g)
  if (limbs === undefined || limbs === null) throw new Error(`There is no value ${hash}.`)
  return limbs
    .slice(0, 8)
    .reverse()
    .map((limb) => limb.slice(8))
    .join('')
}

const joinElements = (words: readonly string[]): string => [...words].reverse().join('')
