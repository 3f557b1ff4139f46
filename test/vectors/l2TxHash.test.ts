import { expect, test } from 'vitest'
import { bytesToHex, hexToBytes, InvalidHexError } from '#common/bytes.ts'
import { linearPoseidon } from '#merkletree/linearPoseidon.ts'
import { Address } from '#protocol/primitives.ts'
import { encodeL2HashPreimage, type Transaction } from '#protocol/transaction.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Vector = {
  id: string
  tx: Record<'nonce' | 'gasPrice' | 'gasLimit' | 'to' | 'value' | 'data' | 'from', string> & { chainID?: string | null }
  /** Absent where the source gives the hash alone. */
  encoded?: string
  l2TxHash: string
}

const file = loadVectors<Vector>('l2-tx-hash')

/** The sources leave out leading zeros, even half bytes. */
const padded = (hex: string, sizeBytes = Math.ceil((hex.length - 2) / 2)) =>
  hexToBytes(`0x${hex.replace(/^0x/, '').padStart(2 * sizeBytes, '0')}`)

function toTransaction({ nonce, gasPrice, gasLimit, to, value, data, chainID }: Vector['tx']): Transaction {
  return {
    nonce: BigInt(nonce),
    gasPrice: BigInt(gasPrice),
    gasLimit: BigInt(gasLimit),
    to: to.length <= 2 ? undefined : Address(bytesToHex(padded(to, 20))),
    value: BigInt(value),
    data: data.length <= 2 ? new Uint8Array() : padded(data),
    chainId: chainID == null ? undefined : BigInt(chainID),
    r: 0n,
    s: 0n,
    v: 27,
  }
}

/** Size of the preimage by the layout, which holds also where the source gives no preimage. */
function preimageSizeBytes({ to, data, chainId }: Transaction): number {
  return 1 + 8 + 32 + 8 + 1 + (to === undefined ? 0 : 20) + 32 + 3 + data.length + (chainId === undefined ? 0 : 8) + 20
}

describeVectors('l2-tx-hash', file, () => {
  const vectors = file?.vectors ?? []

  test.each(vectors.filter(({ l2TxHash }) => l2TxHash !== 'failed'))(
    'l2-tx-hash $id: the preimage and its hash',
    (vector) => {
      const transaction = toTransaction(vector.tx)
      const preimage = encodeL2HashPreimage(transaction, Address(vector.tx.from))
      expect(preimage).toHaveLength(preimageSizeBytes(transaction))
      expect(linearPoseidon(preimage)).toBe(vector.l2TxHash)
      if (vector.encoded !== undefined) expect(bytesToHex(preimage)).toBe(`0x${vector.encoded.toLowerCase()}`)
    },
  )

  test.each(vectors.filter(({ l2TxHash }) => l2TxHash === 'failed'))('l2-tx-hash $id: refused input', ({ tx }) => {
    expect(() => hexToBytes(tx.data)).toThrow(InvalidHexError)
  })
})
