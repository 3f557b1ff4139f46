import { existsSync } from 'node:fs'
import { compileContracts } from '#contracts/compile.ts'
import { l2GenesisContracts } from '#contracts/genesis.ts'
import type { BlockToStore } from '#db/blocks.ts'
import { connectDatabase } from '#db/client.ts'
import { assertSameNetwork, type ChainIdentity, hasGenesis, initializeGenesis } from '#db/genesis.ts'
import { buildGenesis, type GenesisAccount, type GenesisState } from '#executor/genesis.ts'
import { blockHash, logsBloom, receiptsRoot, transactionsRoot } from '#protocol/l2Block.ts'
import {
  type Address,
  BatchNumber,
  BlockNumber,
  type Hash,
  type Hex,
  ZERO_ADDRESS,
  ZERO_HASH,
} from '#protocol/primitives.ts'
import { devAccounts, extraAccountAddress, faucetAccount } from './accounts.ts'
import { readJson, writeJson } from './dataFolder.ts'

const DEV_BALANCE_WEI = 10_000n * 10n ** 18n
const FAUCET_BALANCE_WEI = 10n ** 9n * 10n ** 18n

/** The genesis file: state of L2 block 0. Amounts are decimal strings. */
export type GenesisFile = {
  /** Seconds. */
  timestamp: number
  accounts: { address: Address; balance: string; nonce: string; code?: Hex; storage?: Record<Hex, Hex> }[]
  /** So many more, of 1 wei each: a large state without a large file. */
  extraAccounts?: number
}

/** Funds the dev accounts and the faucet, and holds the L2 contracts. Written once: later versions of the contracts change no chain. */
export async function ensureGenesisFile(
  path: string,
  timestamp: number,
  bridgeSalt: Hash,
  extraAccounts = 0,
): Promise<GenesisFile> {
  if (existsSync(path)) return readJson<GenesisFile>(path)!
  await compileContracts()
  const funded = [
    ...devAccounts().map(({ address }) => ({ address, balance: String(DEV_BALANCE_WEI), nonce: '0' })),
    { address: faucetAccount().address, balance: String(FAUCET_BALANCE_WEI), nonce: '0' },
  ]
  const contracts = l2GenesisContracts(bridgeSalt).map(({ address, balanceWei, nonce, code }) => ({
    ...{ address, balance: String(balanceWei), nonce: String(nonce), code },
  }))
  const accounts = [...funded, ...contracts]
  const genesis: GenesisFile = { timestamp, accounts, ...(extraAccounts > 0 ? { extraAccounts } : {}) }
  writeJson(path, genesis)
  return genesis
}

/** For `buildGenesis`. */
export function accountsOf({ accounts, extraAccounts = 0 }: GenesisFile): GenesisAccount[] {
  const extra = Array.from({ length: extraAccounts }, (_, index) => {
    return { address: extraAccountAddress(index), balance: 1n, nonce: 0n }
  })
  const listed = accounts.map(({ balance, nonce, ...rest }) => {
    return { ...rest, balance: BigInt(balance), nonce: BigInt(nonce) }
  })
  return [...listed, ...extra]
}

/** The state that the file describes. */
export const genesisStateOf = (genesis: GenesisFile): Promise<GenesisState> => buildGenesis(accountsOf(genesis))

/**
 * Writes block 0 into an empty State DB; on another one it only compares.
 * @param state what the file describes, when it has been built already: half a minute for a million accounts
 * @throws {WrongNetworkError}
 */
export async function storeGenesis(
  databaseUrl: string,
  genesis: GenesisFile,
  identity: ChainIdentity,
  forkId: number,
  state?: GenesisState,
): Promise<void> {
  const db = connectDatabase(databaseUrl, { maxConnections: 1, name: 'zknode-genesis' })
  try {
    if (await hasGenesis(db)) return await assertSameNetwork(db, identity)
    const block = blockToStore(genesis.timestamp, state ?? (await genesisStateOf(genesis)))
    await initializeGenesis(db, identity, { forkId, coinbase: ZERO_ADDRESS, block })
  } finally {
    await db.$client.end()
  }
}

/** No gas limit: so is block 0 of the public networks. */
function blockToStore(timestamp: number, state: GenesisState): BlockToStore {
  const roots = { transactionsRoot: transactionsRoot([]), receiptsRoot: receiptsRoot([]) }
  const places = { parentHash: ZERO_HASH, coinbase: ZERO_ADDRESS, stateRoot: state.root }
  const header = { ...places, ...roots, gasLimit: 0n, timestamp }
  const hash = blockHash({ number: BlockNumber(0), ...header, logsBloom: logsBloom([]), gasUsed: 0n })
  const block = {
    ...{ blockNumber: BlockNumber(0), batchNumber: BatchNumber(0), hash, ...header, gasUsed: 0 },
    ...{
      blockInfoRoot: ZERO_HASH,
      deltaTimestamp: 0,
      l1InfoIndex: 0,
      globalExitRoot: ZERO_HASH,
      l1BlockHash: ZERO_HASH,
    },
    ...{ sizeBytes: 0, treeDepth: state.treeDepth, batchL2Data: new Uint8Array() },
  }
  return { block, transactions: [], logs: [], changes: state.changes, newNodes: state.newNodes }
}
