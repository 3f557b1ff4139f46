import { Wallet } from 'ethers'
import { hexToBytes } from '#common/bytes.ts'
import { createLogger } from '#common/logger.ts'
import { parseConfig } from '#config/load.ts'
import type { ConfigInput } from '#config/schema.ts'
import { closeBatch, openBatch } from '#db/batches.ts'
import type { Database } from '#db/client.ts'
import { initializeGenesis } from '#db/genesis.ts'
import { setCursor } from '#db/l1.ts'
import { poolTransactions } from '#db/schema.ts'
import { buildGenesis } from '#executor/genesis.ts'
import { Address, BatchNumber, type Hash, ZERO_HASH } from '#protocol/primitives.ts'
import { decodeRawTransaction, recoverSender, transactionHash } from '#protocol/transaction.ts'
import type { SequencerObserver } from '#sequencer/observer.ts'
import { Sequencer } from '#sequencer/sequencer.ts'
import { addressOf, blockOf } from './blocks.ts'

export const CHAIN_ID = 1001
export const COINBASE = addressOf(0xc0)

/** Accounts of the tests, rich on the chain of `seedChain`. */
export const wallets = [1, 2, 3, 4].map((number) => new Wallet(`0x${String(number).repeat(64)}`))

/** Genesis with rich accounts, and an empty batch 1 as L1 would have injected it. */
export async function seedChain(db: Database, rich: readonly string[] = wallets.map(({ address }) => address)) {
  const genesis = await buildGenesis(
    rich.map((address) => ({ address: Address(address), balance: 10n ** 20n, nonce: 0n })),
  )
  const { root: stateRoot, treeDepth, changes, newNodes } = genesis
  const identity = { chainId: CHAIN_ID, l1ChainId: 1, rollupManager: addressOf(1), rollupId: 1, genesisRoot: stateRoot }
  const block = blockOf(0, 0, { block: { stateRoot, treeDepth }, changes, newNodes })
  await initializeGenesis(db, identity, { forkId: 9, coinbase: addressOf(0), block })
  const batchNumber = BatchNumber(1)
  await openBatch(db, { batchNumber, kind: 'injected', forkId: 9, coinbase: COINBASE })
  const content = { batchL2Data: new Uint8Array(), stateRoot, localExitRoot: ZERO_HASH, lastTimestamp: 1 }
  await closeBatch(db, { batchNumber, closingReason: 'test', ...content, checked: true })
  await setCursor(db, 10, 10)
}

export function createSequencer(
  db: Database,
  options: ConfigInput['sequencer'] = {},
  rpc: ConfigInput['rpc'] = {},
  observer?: SequencerObserver,
): Sequencer {
  const contract = addressOf(9)
  const config = parseConfig({
    network: {
      chainId: CHAIN_ID,
      l1ChainId: 1,
      contracts: { rollupManager: contract, rollup: contract, globalExitRoot: contract, pol: contract },
      l1StartBlock: 0,
      genesisFile: 'unused.json',
    },
    database: { url: 'postgres://unused' },
    l1: { rpcUrl: 'http://127.0.0.1:1' },
    sequencer: { coinbase: COINBASE, batchMaxMs: 300, blockIdleMs: 20, blockMaxMs: 200, ...options },
    rpc,
  })
  return new Sequencer({ db, config, logger: createLogger('test', 'silent'), ...(observer && { observer }) })
}

/** A raw transaction, as it waits in the pool. */
export function toPoolTransaction(raw: Uint8Array) {
  const transaction = decodeRawTransaction(raw)
  const { nonce, gasPrice, gasLimit, value } = transaction
  return {
    hash: transactionHash(transaction) as Hash,
    sender: recoverSender(transaction),
    nonce: Number(nonce),
    gasPrice,
    gasLimit: Number(gasLimit),
    cost: value + gasLimit * gasPrice,
    raw,
  }
}

/** A signed transfer, as it waits in the pool. */
export async function signTransfer(wallet: Wallet, nonce: number, overrides: Record<string, unknown> = {}) {
  const raw = hexToBytes(
    await wallet.signTransaction({
      type: 0,
      chainId: CHAIN_ID,
      nonce,
      gasPrice: 1_000_000_000n,
      gasLimit: 21_000n,
      to: addressOf(0xaa),
      value: 1n,
      ...overrides,
    }),
  )
  return toPoolTransaction(raw)
}

/** Puts transactions into the pool in this order and tells the sequencer. */
export async function pour(db: Database, rows: Awaited<ReturnType<typeof signTransfer>>[]): Promise<void> {
  for (const row of rows) await db.insert(poolTransactions).values(row)
  await db.$client`select pg_notify('zknode_pool', '0')`
}
