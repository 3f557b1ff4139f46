import type { Logger } from '#common/logger.ts'
import type { Config } from '#config/schema.ts'
import type { Database } from '#db/client.ts'
import type { PoolIntake } from '#pool/submission.ts'
import type { Address } from '#protocol/primitives.ts'
import type { EvmBlocks } from './chain/evmBlocks.ts'
import type { ForkIds } from './chain/forkIds.ts'
import type { Head } from './chain/head.ts'
import type { SequencerNode } from './chain/sequencerNode.ts'
import type { StateReaders } from './chain/stateReaders.ts'
import type { Subscriptions } from './chain/subscriptions.ts'
import type { DevTools } from './dev/devTools.ts'
import type { EvmThreads } from './evm/threads/evmThreads.ts'

/** What methods work with. */
export type ApiDeps = {
  db: Database
  /** For queries of logs: Postgres ends those that take longer than `rpc.logsTimeoutMs`. */
  logsDb: Database
  /** The proof store's, which may be another database. */
  proofDb: Database
  head: Head
  intake: PoolIntake
  /** Set on a node without a pool of its own. */
  sequencerNode?: SequencerNode | undefined
  subscriptions: Subscriptions
  stateAt: StateReaders
  /** Where everything runs that takes the EVM. */
  evm: EvmThreads
  evmBlock: EvmBlocks
  chainId: number
  role: Config['role']
  network: Pick<Config['network'], 'forkId' | 'l1StartBlock'>
  forkIds: ForkIds
  /** Receives the fees of the blocks this network makes; zero when this node does not know. */
  coinbase: Address
  minGasPriceWei: bigint
  limits: Pick<
    Config['rpc'],
    | 'gasCap'
    | 'evmTimeoutMs'
    | 'logsTimeoutMs'
    | 'maxLogs'
    | 'maxLogBlockRange'
    | 'namespaces'
    | 'safeTag'
    | 'strictTags'
  >
  /** On networks for tests. */
  dev: DevTools | undefined
  logger: Logger
}
