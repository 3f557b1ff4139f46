import { secp256k1 } from '@noble/curves/secp256k1.js'
import { bigIntToBytes } from '#common/bytes.ts'
import { sign } from '#executor/testing/chain.ts'
import { keccak256 } from '#protocol/keccak.ts'
import { type RecoverPublicKey, recoverWithLibsecp256k1, recoverWithNoble } from '#protocol/secp256k1.ts'
import { decodeRawTransaction, encodeRawTransaction, recoverSender } from '#protocol/transaction.ts'
import { medianCpuSeconds } from './measure.ts'
import type { BenchResult } from './run.ts'

const SIGNATURES = 300

/** Public keys recovered, by each implementation there is, and senders of raw transactions, both per CPU second. */
export async function run(): Promise<BenchResult> {
  const secret = bigIntToBytes(1n, 32)
  const signed = Array.from({ length: SIGNATURES }, (_, index) => {
    const digest = keccak256(bigIntToBytes(BigInt(index), 32))
    const bytes = secp256k1.sign(digest, secret, { prehash: false, format: 'recovered' })
    return { digest, signature: bytes.slice(1), yParity: bytes[0] === 1 ? 1 : 0 } as const
  })
  const recoverAll = (recover: RecoverPublicKey) => () => {
    for (const { digest, signature, yParity } of signed) recover(digest, signature, yParity)
  }
  const raw = Array.from({ length: SIGNATURES }, (_, index) =>
    encodeRawTransaction(sign({ nonce: BigInt(index) }).transaction),
  )
  const row = async (what: string, work: () => void) => {
    const seconds = await medianCpuSeconds(9, work)
    return {
      what,
      perCpuSecond: Math.round(SIGNATURES / seconds),
      microseconds: Math.round((seconds / SIGNATURES) * 1e6),
    }
  }
  const rows = [await row('public keys, noble', recoverAll(recoverWithNoble))]
  if (recoverWithLibsecp256k1 !== undefined)
    rows.push(await row('public keys, libsecp256k1', recoverAll(recoverWithLibsecp256k1)))
  rows.push(
    await row('senders of raw transactions', () => {
      for (const bytes of raw) recoverSender(decodeRawTransaction(bytes))
    }),
  )
  return { name: 'signature', rows }
}
