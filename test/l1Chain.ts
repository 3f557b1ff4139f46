import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Contract, JsonRpcProvider, Wallet, ZeroHash } from 'ethers'
import { bytesToHex } from '#common/bytes.ts'
import { createLogger } from '#common/logger.ts'
import { getArtifact } from '#contracts/artifacts.ts'
import { approvePol, deployL1, type L1Deployment } from '#contracts/deploy.ts'
import { type ClosedBatchRow, getClosedBatch } from '#db/batches.ts'
import { connectDatabase, type Database } from '#db/client.ts'
import { migrate } from '#db/migrate.ts'
import { createPoolStore } from '#db/pool.ts'
import { ensureGenesisFile, type GenesisFile, genesisStateOf, storeGenesis } from '#devnet/genesis.ts'
import { createEtherman } from '#etherman/client.ts'
import { encodeSequenceBatches, regularBatch } from '#etherman/sequenceCalldata.ts'
import { Address, BatchNumber, ZERO_HASH } from '#protocol/primitives.ts'
import { ChainTip } from '#synchronizer/chainTip.ts'
import { Synchronizer } from '#synchronizer/synchronizer.ts'
import { ANVIL_KEYS, type Anvil, startAnvil } from './anvil.ts'
import { CHAIN_ID, createSequencer, toPoolTransaction } from './sequencing.ts'

const FORK_ID = 9
const L1_CHAIN_ID = 1337
const POOL_GROUP = 500
const MAX_L1_GAS = 29_000_000

/** A node's State DB and its reader of L1. */
export type L1Node = {
  db: Database
  synchronizer: Synchronizer
  tip: ChainTip
  network: { chainId: number; forkId: number; l1StartBlock: number; isReader: boolean }
  poll: () => Promise<unknown>
  close: () => Promise<void>
}

type ReaderOptions = { isReader?: boolean; maxBlockRange?: number }
/** What a node of a chain has to know. */
export type ReaderPlace = { databaseUrl: string; l1Url: string; deployment: L1Deployment } & ReaderOptions

/** On a database that holds the genesis. */
export function startReader({
  databaseUrl,
  l1Url,
  deployment,
  isReader = true,
  maxBlockRange = 1000,
}: ReaderPlace): L1Node {
  const { rollupManager, rollup, globalExitRoot, pol, rollupId, l1StartBlock } = deployment
  const db = connectDatabase(databaseUrl, { maxConnections: 4, name: 'zknode-test' })
  const contracts = { rollupManager, rollup, globalExitRoot, pol }
  const etherman = createEtherman({ rpcUrl: l1Url, contracts, rollupId, requestTimeoutMs: 30_000 })
  const network = { chainId: CHAIN_ID, forkId: FORK_ID, l1StartBlock, isReader }
  const [logger, tip] = [createLogger('test', 'silent'), new ChainTip()]
  const synchronizer = new Synchronizer({ db, etherman, network, maxBlockRange, isReader, tip, logger })
  return {
    ...{ db, synchronizer, tip, network, poll: () => synchronizer.poll(() => {}) },
    close: async () => {
      etherman.close()
      await db.$client.end({ timeout: 1 })
    },
  }
}

/**
 * An L1 with our contracts and a rollup that the caller sequences: batches come from a real sequencer, proofs are not
 * looked at. Nodes are told nothing but L1, contracts and genesis.
 */
export class L1Chain {
  readonly #anvil: Anvil
  readonly #provider: JsonRpcProvider
  readonly #sequencer: Wallet
  readonly #aggregator: Wallet
  readonly #genesis: GenesisFile
  readonly deployment: L1Deployment
  #sequenced = 1

  private constructor(anvil: Anvil, provider: JsonRpcProvider, deployment: L1Deployment, genesis: GenesisFile) {
    this.#anvil = anvil
    this.#provider = provider
    this.deployment = deployment
    this.#genesis = genesis
    this.#sequencer = new Wallet(ANVIL_KEYS[1], provider)
    this.#aggregator = new Wallet(ANVIL_KEYS[2], provider)
  }

  /** @param rich get ether on L2 */
  static async start(rich: readonly Address[]): Promise<L1Chain> {
    const folder = mkdtempSync(join(tmpdir(), 'zknode-l1-chain-'))
    const file = await ensureGenesisFile(join(folder, 'genesis.json'), 0, ZERO_HASH)
    rmSync(folder, { recursive: true })
    const funded = rich.map((address) => ({ address, balance: String(10n ** 24n), nonce: '0' }))
    const genesis = { ...file, accounts: [...file.accounts, ...funded] }
    const { root: genesisRoot } = await genesisStateOf(genesis)
    const anvil = await startAnvil({ args: ['--code-size-limit', '100000', '--gas-limit', String(10 * MAX_L1_GAS)] })
    const provider = new JsonRpcProvider(anvil.url, undefined, { staticNetwork: true, cacheTimeout: -1 })
    provider.pollingInterval = 10
    const [sequencer, aggregator] = [new Wallet(ANVIL_KEYS[1]), new Wallet(ANVIL_KEYS[2])]
    const deployment = await deployL1({
      rpcUrl: anvil.url,
      deployerKey: ANVIL_KEYS[0],
      sequencerAddress: Address(sequencer.address),
      aggregatorAddress: Address(aggregator.address),
      attesters: [Address(aggregator.address)],
      threshold: 1,
      genesisRoot,
      forkId: FORK_ID,
      l2ChainId: CHAIN_ID,
      verifier: 'mock',
      trustedSequencerUrl: 'http://127.0.0.1:1',
      networkName: 'test',
    })
    const { pol, rollup: spender } = deployment
    await approvePol({ rpcUrl: anvil.url, ownerKey: ANVIL_KEYS[1], pol, spender })
    return new L1Chain(anvil, provider, deployment, genesis)
  }

  get url(): string {
    return this.#anvil.url
  }

  get pid(): number {
    return this.#anvil.pid
  }

  async stop(): Promise<void> {
    this.#provider.destroy()
    await this.#anvil.stop()
  }

  /** Migrates an empty database and stores the genesis; one that has them goes on where it is. */
  async openNode(databaseUrl: string, options: ReaderOptions = {}): Promise<L1Node> {
    const { rollupManager, rollupId } = this.deployment
    await migrate(databaseUrl)
    const { root: genesisRoot } = await genesisStateOf(this.#genesis)
    const identity = { chainId: CHAIN_ID, l1ChainId: L1_CHAIN_ID, rollupManager, rollupId, genesisRoot }
    await storeGenesis(databaseUrl, this.#genesis, identity, FORK_ID)
    return startReader(this.placeOf(databaseUrl, options))
  }

  placeOf(databaseUrl: string, options: ReaderOptions = {}): ReaderPlace {
    return { databaseUrl, l1Url: this.url, deployment: this.deployment, ...options }
  }

  /** Has a sequencer put transactions into batches of this many, which it closes. Returns the last batch. */
  async makeBatches(
    { db }: L1Node,
    raws: readonly Uint8Array[],
    { firstBatch, transactions }: { firstBatch: number; transactions: number },
  ): Promise<number> {
    const pool = createPoolStore(db, { priceBumpPercent: 10, accountQueue: 64 })
    const rows = raws.map(toPoolTransaction)
    for (let start = 0; start < rows.length; start += POOL_GROUP)
      await pool.insert(rows.slice(start, start + POOL_GROUP))
    const limits = { batchMaxTransactions: transactions, blockMaxTransactions: transactions }
    const sequencer = createSequencer(db, { ...limits, batchMaxMs: 60_000, blockMaxMs: 60_000 })
    let batch = firstBatch
    for (let mined = 0; mined < raws.length; batch++)
      mined += (await sequencer.collect(BatchNumber(batch), new AbortController().signal)).txCount
    await sequencer.close()
    return batch - 1
  }

  /** Sequences the node's batches up to this one, some in each L1 transaction. */
  async sequence(node: L1Node, toBatch: number, batchesEach = 20): Promise<void> {
    while (this.#sequenced < toBatch) {
      const from = this.#sequenced + 1
      const to = Math.min(toBatch, from + batchesEach - 1)
      const rows: ClosedBatchRow[] = []
      for (let number = from; number <= to; number++) rows.push(await getClosedBatch(node.db, BatchNumber(number)))
      await this.sequenceData(
        rows.map(({ batchL2Data }) => batchL2Data),
        { timestampLimit: rows.at(-1)!.lastTimestamp, coinbase: rows[0]!.coinbase },
      )
    }
  }

  /** Sequences any bytes as the next batches. */
  async sequenceData(
    batchL2Data: readonly Uint8Array[],
    { timestampLimit, coinbase }: { timestampLimit: number; coinbase: Address },
  ): Promise<void> {
    const data = encodeSequenceBatches({
      ...{ form: 'elderberry', batches: batchL2Data.map(regularBatch), coinbase },
      ...{ maxSequenceTimestamp: timestampLimit, initSequencedBatch: this.#sequenced },
    })
    const to = this.deployment.rollup
    const sent = await this.#sequencer.sendTransaction({ to, data: bytesToHex(data), gasLimit: MAX_L1_GAS })
    await sent.wait()
    this.#sequenced += batchL2Data.length
  }

  /** Has the trusted aggregator verify the node's state. */
  async verify({ db }: L1Node, fromBatch: number, toBatch: number): Promise<void> {
    const { rollupManager, rollupId } = this.deployment
    const { stateRoot, localExitRoot } = await getClosedBatch(db, BatchNumber(toBatch))
    const manager = new Contract(rollupManager, getArtifact('PolygonRollupManager').abi, this.#aggregator)
    const proof = Array.from({ length: 24 }, () => ZeroHash)
    const range = [rollupId, 0, fromBatch - 1, toBatch, localExitRoot, stateRoot]
    const call = manager.getFunction('verifyBatchesTrustedAggregator')
    await (await call.send(...range, this.#aggregator.address, proof, { gasLimit: MAX_L1_GAS })).wait()
  }

  /** For reorgs and the like. */
  send(method: string, params: unknown[]): Promise<unknown> {
    return this.#provider.send(method, params)
  }

  /** After a reorg: what L1 has as last sequenced batch. */
  forgetSequencedAfter(batchNumber: number): void {
    this.#sequenced = batchNumber
  }
}
