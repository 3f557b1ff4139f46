import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { bigIntToBytes, concatBytes, hexToBytes } from '#common/bytes.ts'
import { addressOfKey, MemoryChain, sign } from '#executor/testing/chain.ts'
import type { Address } from '#protocol/primitives.ts'
import { contractAddress, decodeRawTransaction, encodeRawTransaction, recoverSender } from '#protocol/transaction.ts'
import { cpuSeconds } from './measure.ts'
import type { BenchResult } from './run.ts'

const BLOCKS = 10
const TRANSACTIONS_PER_BLOCK = 300
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

type Transfer = (index: number) => { to: Address; value: bigint; data: Uint8Array }

/** Signed transfers of many senders, in rounds, from the nonces given. */
function signTransfers(transfer: Transfer, firstNonce: (sender: number) => number): Uint8Array[] {
  return Array.from({ length: BLOCKS * TRANSACTIONS_PER_BLOCK }, (_, index) => {
    const key = 1 + (index % SENDERS)
    const nonce = BigInt(firstNonce(key) + Math.floor(index / SENDERS))
    return encodeRawTransaction(sign({ nonce, ...transfer(index) }, key).transaction)
  })
}

async function measure(what: string, chain: MemoryChain, raw: readonly Uint8Array[]) {
  const decoding = await cpuSeconds(() =>
    raw.map((bytes) => {
      const transaction = decodeRawTransaction(bytes)
      return { transaction, sender: recoverSender(transaction) }
    }),
  )
  let closing = 0
  let gas = 0
  const executing = await cpuSeconds(async () => {
    for (let start = 0; start < raw.length; start += TRANSACTIONS_PER_BLOCK) {
      const builder = await chain.open()
      for (const { transaction, sender } of decoding.value.slice(start, start + TRANSACTIONS_PER_BLOCK)) {
        const result = await builder.execute(transaction, sender, 255)
        if (result.kind !== 'included' || result.receipt.status !== 1) throw new Error(`${what} failed`)
      }
      const closed = await cpuSeconds(() => chain.close(builder))
      closing += closed.seconds
      gas += closed.value.gasUsed
    }
  })
  const perSecond = (seconds: number) => Math.round(raw.length / seconds)
  return {
    what,
    'transactions per CPU second': perSecond(decoding.seconds + executing.seconds),
    'of them senders recovered per CPU second': perSecond(decoding.seconds),
    'executed per CPU second': perSecond(executing.seconds - closing),
    'closed into blocks per CPU second': perSecond(closing),
    'Mgas per CPU second of execution': Math.round(gas / (executing.seconds - closing) / 1e6),
  }
}

/** Raw transactions to consolidated blocks in memory: decoding, senders, execution, counters, roots. */
export async function run(): Promise<BenchResult> {
  const holders = Array.from({ length: SENDERS }, (_, index) => addressOfKey(index + 1))
  const chain = await MemoryChain.create(holders.map((address) => ({ address, balance: 10n ** 24n, nonce: 0n })))
  const list = concatBytes(word(32n), word(BigInt(SENDERS)), ...holders.map((holder) => word(BigInt(holder))))
  const deployment = sign({ to: undefined, gasLimit: 10_000_000n, data: concatBytes(compileToken(), list) })
  const builder = await chain.open()
  const deployed = await builder.execute(deployment.transaction, deployment.sender, 255)
  if (deployed.kind !== 'included' || deployed.receipt.status !== 1) throw new Error('Deployment failed.')
  await chain.close(builder)
  const token = contractAddress(deployment.sender, 0n)

  const pay: Transfer = (index) => ({ to: recipient(index), value: 1n, data: new Uint8Array() })
  const transferToken: Transfer = (index) => ({
    to: token,
    value: 0n,
    data: concatBytes(hexToBytes('0xa9059cbb'), word(BigInt(recipient(index))), word(1n)),
  })
  const rounds = (BLOCKS * TRANSACTIONS_PER_BLOCK) / SENDERS
  const deployerNonce = (key: number) => (key === 1 ? 1 : 0)
  const payments = signTransfers(pay, deployerNonce)
  const transfers = signTransfers(transferToken, (key) => deployerNonce(key) + rounds)
  const warmUp = signTransfers(transferToken, (key) => deployerNonce(key) + 2 * rounds)
  const rows = [
    await measure('ETH transfers', chain, payments),
    await measure('ERC-20 transfers', chain, transfers),
    await measure('ERC-20 transfers, again', chain, warmUp),
  ]
  return { name: `executor: ${BLOCKS} blocks of ${TRANSACTIONS_PER_BLOCK} transactions, ${SENDERS} senders`, rows }
}
