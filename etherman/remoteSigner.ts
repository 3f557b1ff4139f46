import { Transaction } from 'ethers'
import { bytesToHex } from '#common/bytes.ts'
import type { Address, Hex } from '#protocol/primitives.ts'
import { recoverAddress } from '#protocol/secp256k1.ts'
import { L1SignerMismatchError, L1SignerRefusedError } from './errors.ts'
import type { L1Signer } from './l1Signer.ts'
import { askSigner, type SignerPlace } from './signerRpc.ts'
import { type FeeTransaction, type SignedTransaction, signingDigest, withSignature } from './signTransaction.ts'

/** An account whose key a web3signer in its mode eth1 holds, or what speaks as it does. It is believed nothing. */
export function createRemoteSigner(address: Address, place: SignerPlace): L1Signer {
  return {
    address,

    async signTransaction(transaction) {
      const raw = await askSigner(place, 'eth_signTransaction', [toRequest(address, transaction)])
      return checkSigned(transaction, raw, address)
    },

    async assertReady() {
      const accounts = await askSigner(place, 'eth_accounts', [])
      if (Array.isArray(accounts) && accounts.some((account) => String(account).toLowerCase() === address)) return
      const facts = { signer: new URL(place.url).host, account: address }
      throw new L1SignerRefusedError('The remote signer has no key of this account.', { facts })
    },
  }
}

/** web3signer takes the chain from its own option --chain-id; others want to be told. */
function toRequest(from: Address, { chainId, nonce, gasLimit, to, data, legacy, ...fees }: FeeTransaction): object {
  const { maxFeePerGas, maxPriorityFeePerGas } = fees
  return {
    ...{ from, to, nonce: quantity(nonce), gas: quantity(gasLimit), value: '0x0', data: bytesToHex(data) },
    ...(legacy
      ? { gasPrice: quantity(maxFeePerGas) }
      : { maxFeePerGas: quantity(maxFeePerGas), maxPriorityFeePerGas: quantity(maxPriorityFeePerGas) }),
    chainId: quantity(chainId),
  }
}

const quantity = (value: number | bigint): Hex => `0x${value.toString(16)}`

/**
 * The signature is taken out of what came back and put on what was asked for: only when that gives the same bytes, and
 * the account's key made it, it is what was asked for. @throws {L1SignerMismatchError}
 */
function checkSigned(asked: FeeTransaction, answer: unknown, address: Address): SignedTransaction {
  const given = decode(answer)
  const { r, s, yParity } = given.signature
  const signature = { r: BigInt(r), s: BigInt(s), yParity }
  const signed = withSignature(asked, signature)
  if (signed.raw !== String(answer).toLowerCase())
    throw new L1SignerMismatchError('The remote signer signed another transaction than it was asked for.', {
      facts: { account: address, ...difference(asked, given) },
    })
  const signer = recoverAddress(signingDigest(asked), signature.r, signature.s, yParity)
  if (signer === undefined || bytesToHex(signer) !== address)
    throw new L1SignerMismatchError('The remote signer signed with another key.', {
      facts: { account: address, signer: signer === undefined ? null : bytesToHex(signer) },
    })
  return signed
}

type Signed = Transaction & { signature: NonNullable<Transaction['signature']> }

function decode(answer: unknown): Signed {
  let given: Transaction | undefined
  try {
    given = Transaction.from(String(answer))
  } catch {} // said below
  if (given?.signature) return given as Signed
  throw new L1SignerMismatchError('What the remote signer gave is no signed transaction.')
}

/** The first field that differs, for people. */
function difference(asked: FeeTransaction, given: Transaction): Record<string, string | null> {
  const { chainId, nonce, to, gasLimit, maxFeePerGas, maxPriorityFeePerGas, data, legacy } = asked
  const pairs: [string, unknown, unknown][] = [
    ['chainId', chainId, given.chainId],
    ['type', legacy ? 0 : 2, given.type],
    ['nonce', nonce, given.nonce],
    ['to', to, given.to?.toLowerCase()],
    ['value', 0n, given.value],
    ['gasLimit', gasLimit, given.gasLimit],
    ['maxFeePerGas', maxFeePerGas, legacy ? given.gasPrice : given.maxFeePerGas],
    ['maxPriorityFeePerGas', maxPriorityFeePerGas, legacy ? maxPriorityFeePerGas : given.maxPriorityFeePerGas],
    ['data', bytesToHex(data), given.data],
  ]
  const [field, expected, actual] = pairs.find(([, one, other]) => String(one) !== String(other)) ?? [
    'form',
    null,
    null,
  ]
  return { field, asked: shorten(expected), given: shorten(actual) }
}

const shorten = (value: unknown): string | null => (value === null ? null : String(value).slice(0, 66))
