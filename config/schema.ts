import { z } from 'zod'
import { Address, Hash } from '#protocol/primitives.ts'
import { grpcSchema } from './grpc.ts'
import { count, milliseconds, port } from './options.ts'
import { rpcSchema } from './rpc.ts'

/** Parsers of single options, for other files of the same kind. */
export const address = z.string().transform((value, context) => checked(() => Address(value), context))
export const hash = z.string().transform((value, context) => checked(() => Hash(value), context))
const wei = z.union([z.number().int().nonnegative(), z.string().regex(/^\d+$/)]).transform(BigInt)

/** Signatures that fit into what the L1 verifier reads. */
const MAX_ATTESTERS = 8

function checked<T>(parse: () => T, context: z.RefinementCtx): T {
  try {
    return parse()
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message })
    return z.NEVER
  }
}

/** Where a private key comes from: `env:NAME` or `file:PATH`. Keys never stand in the file itself. */
const secret = z.string().regex(/^(env|file):.+$/, 'must be env:NAME or file:PATH; keys never stand in the file itself')

const postgresUrl = z.string().regex(/^postgres(ql)?:\/\//, 'must be a postgres:// URL')

const options = {
  /**
   * What the node does. sequencer: makes batches, sequences and proves them. permissionless: takes its state from L1
   * alone. trusting: takes batches from the trusted sequencer too, before they are on L1; L1 corrects it.
   */
  role: z.enum(['sequencer', 'permissionless', 'trusting']).default('sequencer'),
  /** The sequencer's node, as the other roles see it. */
  trustedSequencer: z
    .strictObject({
      /** JSON-RPC. Transactions are forwarded there; without it they are refused. */
      rpcUrl: z.url().optional(),
      /** How often a trusting node asks for what is new. */
      pollIntervalMs: milliseconds.default(250),
      requestTimeoutMs: milliseconds.default(10_000),
    })
    .prefault({}),
  /** The network this node works for. */
  network: z
    .strictObject({
      name: z.string().default('zknode'),
      chainId: count,
      /** Of batches of which L1 said nothing that was read; upgrades are read from L1. */
      forkId: count.default(9),
      l1ChainId: count,
      rollupId: count.default(1),
      contracts: z.strictObject({
        rollupManager: address,
        rollup: address,
        globalExitRoot: address,
        pol: address,
        verifier: address.optional(),
        bridge: address.optional(),
      }),
      /**
       * What the verifier contract checks. attestation: signatures of attesters. fflonk: proofs of zero knowledge. mock:
       * nothing, any proof is accepted; for tests of provers alone.
       */
      verifier: z.enum(['attestation', 'fflonk', 'mock']).default('attestation'),
      /** Whose attestations count: those the L1 verifier knows. The address of keys.attester when left out. */
      attesters: z.array(address).min(1).max(MAX_ATTESTERS).optional(),
      /** So many of them have to attest each proof, as the L1 verifier asks. */
      attestersRequired: count.max(MAX_ATTESTERS).default(1),
      /** L1 block from which events are read. */
      l1StartBlock: z.number().int().nonnegative(),
      /** JSON file with the accounts of L2 block 0. */
      genesisFile: z.string(),
      genesisRoot: hash.optional(),
    })
    .refine(({ attesters, attestersRequired }) => attestersRequired <= (attesters?.length ?? 1), {
      path: ['attestersRequired'],
      error: 'is more than there are attesters',
    }),
  database: z.strictObject({
    /** Postgres URL; the schemas pool, state and tree live there. */
    url: postgresUrl,
    maxConnections: count.default(10),
  }),
  proofStore: z
    .strictObject({
      /**
       * Postgres URL; the schema proofs lives there: what provers are given and what they make. A prover needs no other
       * database. That of database.url when left out.
       */
      url: postgresUrl.optional(),
    })
    .prefault({}),
  l1: z
    .strictObject({
      rpcUrl: z.url().optional(),
      /** Several in order of preference, instead of rpcUrl: the next is asked while one is away, slow or behind. */
      rpcUrls: z.array(z.url()).min(1).optional(),
      pollIntervalMs: milliseconds.default(1000),
      /** Most L1 blocks asked for at once; endpoints that refuse so many are asked for fewer. */
      maxBlockRange: count.default(1000),
      requestTimeoutMs: milliseconds.default(10_000),
      /** Most requests at once to one endpoint; fewer when it limits our rate. */
      maxParallel: count.default(8),
      /** The state follows L1 up to this block: what is applied later is safer from reorgs. */
      follow: z.enum(['latest', 'safe', 'finalized']).default('latest'),
      /** The most that is offered for gas on L1, wei; no limit when left out. */
      maxFeePerGasWei: wei.optional(),
      maxPriorityFeePerGasWei: wei.optional(),
      /** Fees of a transaction are raised when it is not mined after this time. */
      bumpAfterMs: milliseconds.default(60_000),
      /** An account that sends to L1 and has less is reported, wei. */
      lowBalanceWei: wei.default(10n ** 17n),
    })
    .transform(({ rpcUrl, rpcUrls, ...l1 }, context) => {
      const urls = rpcUrls ?? (rpcUrl === undefined ? [] : [rpcUrl])
      const isOne = (rpcUrl === undefined) !== (rpcUrls === undefined)
      if (!isOne) context.addIssue({ code: 'custom', message: 'set one of rpcUrl and rpcUrls' })
      return { ...l1, rpcUrls: urls }
    }),
  temporal: z
    .strictObject({
      /** host:port; TLS and API keys come from the TEMPORAL_ variables or temporal.toml. */
      address: z.string().default('127.0.0.1:7233'),
      namespace: z.string().default('zknode'),
      uiUrl: z.string().optional(),
    })
    .prefault({}),
  keys: z
    .strictObject({
      /** Sends sequences; is the rollup's trusted sequencer. */
      sequencer: secret.optional(),
      /** Sends verifications; has the trusted aggregator role. */
      aggregator: secret.optional(),
      /** Signs attestations of the embedded prover. */
      attester: secret.optional(),
    })
    .prefault({}),
  sequencer: z
    .strictObject({
      /** Receives the fees of L2 transactions. */
      coinbase: address,
      /** A block closes when no transaction came for this long … */
      blockIdleMs: milliseconds.default(40),
      /** … or when it is this old … */
      blockMaxMs: milliseconds.default(1000),
      /** … or when it holds this many transactions. */
      blockMaxTransactions: count.default(1000),
      /** An empty block after this long without any; 0 makes none. */
      emptyBlockIntervalMs: z.number().int().nonnegative().default(0),
      /**
       * One empty block this long after a block with transactions, when no other came; 0 makes none. A client that
       * looks again at each new block, as ethers does, would otherwise wait for ever when it began to look too late.
       */
      trailingBlockMs: z.number().int().nonnegative().default(1000),
      /** A batch with transactions closes at this age. */
      batchMaxMs: milliseconds.default(10_000),
      /** 0 for no limit but size and counters. */
      batchMaxTransactions: z.number().int().nonnegative().default(300),
      batchMaxBytes: count.max(120_000).default(120_000),
      /** A batch closes when less than this percentage of a resource is left. */
      resourceMarginPercent: z.number().min(0).max(90).default(10),
      /** A batch that a user forced on L1 is taken when L1 has built this many blocks on it … */
      forcedBatchConfirmations: z.number().int().nonnegative().default(64),
      /** … as the next batch; at this age the open one closes for it. Well below the rollup's forceBatchTimeout. */
      forcedBatchDeadlineMs: milliseconds.default(60_000),
      /** A transaction older than this leaves the pool. */
      transactionLifetimeMs: milliseconds.default(3 * 3600_000),
    })
    .partial({ coinbase: true })
    .prefault({}),
  sequenceSender: z
    .strictObject({
      /**
       * Wait this long for more batches before sequencing fewer than maxBatches. Up to sequencer.batchMaxMs it is not waited
       * for transactions that nobody has sent yet.
       */
      waitMs: milliseconds.default(5000),
      maxBatches: count.max(1000).default(20),
      /** Most bytes of one L1 transaction. */
      maxTransactionBytes: count.max(131_072).default(131_072),
      /** Most gas of one sequence, by an upper bound; a single batch always goes. */
      maxGas: count.default(10_000_000),
      /** A batch that is closed for this long is sequenced without waiting for others. */
      maxAgeMs: milliseconds.default(600_000),
    })
    .prefault({}),
  aggregator: z
    .strictObject({
      /** Wait this long for more proofs before verifying fewer than maxBatches; like sequenceSender.waitMs. */
      verifyIntervalMs: milliseconds.default(5000),
      maxBatches: count.max(1000).default(100),
      /** Sends the verifications, and stands in every final proof. The address of keys.aggregator when left out. */
      address: address.optional(),
      grpc: grpcSchema,
    })
    .prefault({}),
  prover: z
    .strictObject({
      name: z.string().default('prover'),
      /** Proofs made at once by one process. */
      concurrency: count.default(1),
    })
    .prefault({}),
  pool: z
    .strictObject({
      accountQueue: count.default(64),
      globalQueue: count.default(1024),
      maxTransactionBytes: count.default(100_132),
      maxTransactionDataBytes: count.default(100_000),
      /** Lowest gas price that is admitted, and what eth_gasPrice suggests. */
      minGasPriceWei: wei.default(1_000_000_000n),
      allowUnprotected: z.boolean().default(true),
      /** A replacement must raise the price by this percentage. */
      priceBumpPercent: z.number().int().nonnegative().default(10),
    })
    .prefault({}),
  rpc: rpcSchema,
  /** What the dev_ methods may use. They are served where `rpc.namespaces` has dev: on networks for tests alone. */
  dev: z
    .strictObject({
      /** L1 is an anvil of this network: its clock is moved with that of L2. */
      movesL1Clock: z.boolean().default(false),
      /** Of an L2 account that pays what setBalance gives. */
      faucetKey: secret.optional(),
    })
    .prefault({}),
  ops: z
    .strictObject({
      host: z.string().default('127.0.0.1'),
      port: port.default(9091),
      /** A node that follows is not ready while it has more L1 blocks to read than these … */
      maxBlocksBehind: count.default(50),
      /** … or its newest block is older than this; 0 for any age. */
      maxBlockAgeMs: z.number().int().nonnegative().default(0),
    })
    .prefault({}),
  log: z
    .strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info') })
    .prefault({}),
}

type Places = { database?: { url: string } | undefined; proofStore: { url?: string | undefined } }

function placeProofStore<T extends Places>(config: T, context: z.RefinementCtx): T & { proofStore: { url: string } } {
  const url = config.proofStore.url ?? config.database?.url
  if (url !== undefined) return { ...config, proofStore: { url } }
  context.addIssue({ code: 'custom', path: ['proofStore', 'url'], message: 'set it, or database.url' })
  return z.NEVER
}

/** The configuration file: every option with its default. Unknown options are errors. */
export const configSchema = z.strictObject(options).transform(placeProofStore)

/** Of a process that only proves: it works without the State DB and without L1, and may have the whole file too. */
export const proverConfigSchema = z
  .strictObject({ ...options, database: options.database.optional(), l1: options.l1.optional() })
  .transform(placeProofStore)

export type Config = z.output<typeof configSchema>
export type VerifierKind = Config['network']['verifier']
export type ConfigInput = z.input<typeof configSchema>
export type ProverConfig = z.output<typeof proverConfigSchema>
export type ProverConfigInput = z.input<typeof proverConfigSchema>
