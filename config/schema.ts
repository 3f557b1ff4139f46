import { z } from 'zod'
import { checkSigner, keyReference, keysSchema, signerSchema } from './keys.ts'
import { l1Schema } from './l1.ts'
import { networkFileSchema, networkSchema } from './network.ts'
import { opsSchema } from './ops.ts'
import { countOf, milliseconds, postgresUrl, url } from './options.ts'
import { aggregatorSchema, proverSchema } from './proving.ts'
import { rpcSchema } from './rpc.ts'
import { poolSchema, sequencerSchema, sequenceSenderSchema } from './sequencing.ts'
import { statusPageSchema } from './statusPage.ts'
import { telemetrySchema } from './telemetry.ts'

const trustedSequencerSchema = z
  .strictObject({
    rpcUrl: url.optional().describe('JSON-RPC. Transactions are forwarded there; without it they are refused.'),
    pollIntervalMs: milliseconds.default(250).describe('How often a trusting node asks for what is new.'),
    requestTimeoutMs: milliseconds.default(10_000).describe('How long it may take to answer.'),
  })
  .prefault({})
  .describe("The sequencer's node, as the other roles see it.")

const databaseOptions = z.strictObject({
  url: postgresUrl.describe('Postgres URL; the schemas pool, state and tree live there.'),
  maxConnections: countOf('connections').default(10).describe('Most connections of one process.'),
})
const databaseText = 'Where the node keeps its state.'
const databaseSchema = databaseOptions.describe(databaseText)
const databaseFileSchema = databaseOptions
  .extend({
    url: postgresUrl
      .optional()
      .describe(
        'Postgres URL; the schemas pool, state and tree live there. `zknode run` starts a server of its own when left out.',
      ),
  })
  .prefault({})
  .describe(databaseText)

const proofStoreSchema = z
  .strictObject({
    url: postgresUrl
      .optional()
      .describe(
        'Postgres URL; the schema proofs lives there: what provers are given and what they make. A prover needs no ' +
          'other database. That of database.url when left out.',
      ),
  })
  .prefault({})
  .describe('Where proofs are kept.')

export const DEFAULT_TEMPORAL_ADDRESS = '127.0.0.1:7233'

const temporalOptions = z.strictObject({
  address: z
    .string()
    .default(DEFAULT_TEMPORAL_ADDRESS)
    .describe('host:port; TLS and API keys come from the TEMPORAL_ variables or temporal.toml.'),
  namespace: z.string().default('zknode').describe('Namespace of the workflows of this node.'),
  uiUrl: z.url('must be a URL').optional().describe('Its web pages, to which batches are linked.'),
})
const temporalText = 'The Temporal server.'
const temporalSchema = temporalOptions.prefault({}).describe(temporalText)
const temporalFileSchema = temporalOptions
  .extend({
    address: z
      .string()
      .optional()
      .describe(
        'host:port; TLS and API keys come from the TEMPORAL_ variables or temporal.toml. `zknode run` starts a server of ' +
          'its own when left out.',
      ),
  })
  .prefault({})
  .describe(temporalText)

const devSchema = z
  .strictObject({
    movesL1Clock: z
      .boolean()
      .default(false)
      .describe('L1 is an anvil of this network: its clock is moved with that of L2.'),
    faucetKey: keyReference
      .optional()
      .describe('Key of an L2 account that pays what setBalance gives, by reference as in keys.'),
  })
  .prefault({})
  .describe('What the dev_ methods may use. They are served where rpc.namespaces has dev: on networks for tests alone.')

const pruningSchema = z
  .strictObject({
    keepBlocks: countOf('L2 blocks')
      .optional()
      .describe(
        'History is kept for so many blocks at least, and for all that is not final on L1; what is older is removed ' +
          'while the node runs. All of it is kept when left out.',
      ),
    intervalMs: milliseconds
      .default(600_000)
      .describe('Time between two removals. What is removed next is not shown any more from the one before on.'),
  })
  .prefault({})
  .describe('Removal of old history: docs/repair.md.')

const logSchema = z
  .strictObject({
    level: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
      .default('info')
      .describe('Lines below it are not written.'),
  })
  .prefault({})
  .describe('Logs, as lines of JSON on stdout.')

const options = {
  role: z
    .enum(['sequencer', 'permissionless', 'trusting'])
    .default('sequencer')
    .describe(
      'What the node does. sequencer: makes batches, sequences and proves them. permissionless: takes its state from L1 ' +
        'alone. trusting: takes batches from the trusted sequencer too, before they are on L1; L1 corrects it.',
    ),
  trustedSequencer: trustedSequencerSchema,
  network: networkSchema,
  database: databaseSchema,
  proofStore: proofStoreSchema,
  l1: l1Schema,
  temporal: temporalSchema,
  keys: keysSchema,
  signer: signerSchema,
  sequencer: sequencerSchema,
  sequenceSender: sequenceSenderSchema,
  aggregator: aggregatorSchema,
  prover: proverSchema,
  pool: poolSchema,
  rpc: rpcSchema,
  statusPage: statusPageSchema,
  dev: devSchema,
  ops: opsSchema,
  pruning: pruningSchema,
  log: logSchema,
  telemetry: telemetrySchema,
}

type Places = { database?: { url: string } | undefined; proofStore: { url?: string | undefined } }

function placeProofStore<T extends Places>(config: T, context: z.RefinementCtx): T & { proofStore: { url: string } } {
  const url = config.proofStore.url ?? config.database?.url
  if (url !== undefined) return { ...config, proofStore: { url } }
  context.addIssue({ code: 'custom', path: ['proofStore', 'url'], message: 'set it, or database.url' })
  return z.NEVER
}

/** What the processes of a node work with: every option with its default. Unknown options are errors. */
export const configSchema = z.strictObject(options).superRefine(checkSigner).transform(placeProofStore)

/** The file as the operator writes it: what `zknode run` finds out or starts may be left out. */
export const fileSchema = z
  .strictObject({
    ...options,
    network: networkFileSchema,
    database: databaseFileSchema,
    temporal: temporalFileSchema,
  })
  .superRefine(checkSigner)

/** Of a process that only proves: it works without the State DB and without L1, and may have the whole file too. */
export const proverConfigSchema = z
  .strictObject({ ...options, database: options.database.optional(), l1: options.l1.optional() })
  .superRefine(checkSigner)
  .transform(placeProofStore)

export type Config = z.output<typeof configSchema>
export type VerifierKind = Config['network']['verifier']
export type ConfigInput = z.input<typeof configSchema>
export type NodeFile = z.output<typeof fileSchema>
export type NodeFileInput = z.input<typeof fileSchema>
export type ProverConfig = z.output<typeof proverConfigSchema>
export type ProverConfigInput = z.input<typeof proverConfigSchema>
