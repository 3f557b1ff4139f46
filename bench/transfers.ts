import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { bigIntToBytes, concatBytes, hexToBytes } from '#common/bytes.ts'
import { addressOfKey, sign } from '#executor/testing/chain.ts'
import type { Address } from '#protocol/primitives.ts'
import { contractAddress, encodeRawTransaction, type Transaction } from '#protocol/transaction.ts'

const SENDERS = 50

const SOURCE = `
// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;
import "@openzeppelin/contracts/token/ERC20/ERC20.sol";
contract BenchToken is ERC20 {
  constructor(address[] memory holders) ERC20("Bench", "B") { for (uint i; i < holders.length; ++i) _mint(holders[i], 1e24); }
}`

/** OpenZeppelin's ERC-20, as compiled for Shanghai. */
function compileToken(): Uint8Array {
  const require = createRequire(import.meta.url)
  const solc = require('solc') as { compile: (input: string, options: object) => string }
  const input = {
    language: 'Solidity',
    sources: { 'BenchToken.sol': { content: SOURCE } },
    settings: {
      evmVersion: 'shanghai',
      optimizer: { enabled: true },
      outputSelection: { '*': { BenchToken: ['evm.bytecode.object'] } },
    },
  }
  const read = (path: string) => ({ contents: readFileSync(require.resolve(path), 'utf8') })
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }))
  return hexToBytes(`0x${output.contracts['BenchToken.sol'].BenchToken.evm.bytecode.object}`)
}

const word = (value: bigint) => bigIntToBytes(value, 32)

/** A new recipient each time, as in an airdrop: the tree grows by a leaf per transfer. */
const recipient = (index: number) => `0x${(2n ** 100n + BigInt(index)).toString(16).padStart(40, '0')}` as Address

/** What a benchmark sends: ether or tokens. */
export type TransferKind = 'eth' | 'erc20'

export type TransferOptions = {
  /** wei */
  gasPrice?: bigint
  /** Who gets the transfer of this number; default: an account or holder that is new each time. */
  recipientOf?: (index: number, senders: readonly Address[]) => Address
}

/**
 * Senders that sign a benchmark's transfers in turns, each with its next nonce. They have to be rich on the chain of the
 * id, and the deployment has to be mined before any ERC-20 transfer.
 */
export class TransferSigner {
  /** Who signs. */
  readonly senders: readonly Address[] = Array.from({ length: SENDERS }, (_, index) => addressOfKey(index + 1))
  /** Creates the token and gives some to each sender. */
  readonly deployment: { transaction: Transaction; sender: Address }
  readonly #chainId: bigint
  readonly #token: Address
  readonly #gasPrice: bigint
  readonly #recipientOf: (index: number, senders: readonly Address[]) => Address
  readonly #nonces = Array.from({ length: SENDERS }, () => 0n)

  constructor(chainId: number, { gasPrice = 10n ** 9n, recipientOf = recipient }: TransferOptions = {}) {
    this.#chainId = BigInt(chainId)
    this.#gasPrice = gasPrice
    this.#recipientOf = recipientOf
    const holders = concatBytes(word(32n), word(BigInt(SENDERS)), ...this.senders.map((sender) => word(BigInt(sender))))
    const creation = { to: undefined, gasPrice, gasLimit: 10_000_000n, data: concatBytes(compileToken(), holders) }
    this.deployment = sign({ ...creation, nonce: this.#nextNonce(0), chainId: this.#chainId }, 1)
    this.#token = contractAddress(this.deployment.sender, 0n)
  }

  /** The next `count` transfers, in Ethereum's encoding. */
  sign(kind: TransferKind, count: number): Uint8Array[] {
    return Array.from({ length: count }, (_, index) => {
      const sender = index % SENDERS
      const common = { nonce: this.#nextNonce(sender), gasPrice: this.#gasPrice, chainId: this.#chainId }
      const fields = { ...this.#transfer(kind, index), ...common }
      return encodeRawTransaction(sign(fields, sender + 1).transaction)
    })
  }

  #nextNonce(sender: number): bigint {
    const nonce = this.#nonces[sender]!
    this.#nonces[sender] = nonce + 1n
    return nonce
  }

  #transfer(kind: TransferKind, index: number): Pick<Transaction, 'to' | 'value' | 'gasLimit' | 'data'> {
    const to = this.#recipientOf(index, this.senders)
    if (kind === 'eth') return { to, value: 1n, gasLimit: 21_000n, data: new Uint8Array() }
    const data = concatBytes(hexToBytes('0xa9059cbb'), word(BigInt(to)), word(1n))
    return { to: this.#token, value: 0n, gasLimit: 100_000n, data }
  }
}
