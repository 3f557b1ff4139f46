import { resolve } from 'node:path'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { UsageError } from '#common/errors.ts'
import { checkVariables } from '#config/load.ts'
import type { VerifierKind } from '#config/schema.ts'

/** Options that do not go together. */
export class LauncherOptionError extends UsageError {
  override readonly name = 'LauncherOptionError'
}

/** permissionless: state from L1 alone. trusting: from the sequencer too, before it is on L1. */
export type SecondNodeKind = 'permissionless' | 'trusting'

/** Verifiers that there is a contract of here. */
export type DevnetVerifier = Exclude<VerifierKind, 'fflonk'>

export type Attesters = { count: number; required: number }

/** What the user asked for. URLs and addresses name parts of somebody else, used instead of starting our own. */
export type LauncherOptions = {
  folder: string
  reset: boolean
  /** Put into the genesis of a new chain: how a large state behaves. */
  extraAccounts: number
  /** What the L1 verifier of a new chain checks; undefined for what the folder's chain has, attestation for a new one. */
  verifier: DevnetVerifier | undefined
  /** How many attest on a new chain, and how many of them each proof needs; undefined for what the chain has, or one. */
  attesters: Attesters | undefined
  /** Provers that speak aggregator.v1 may dial in. */
  remoteProvers: boolean
  /** A prover of our own runs, where attestations count. */
  prover: boolean
  /** File with options for the node that win over the launcher's. */
  configFile: string | undefined
  /** What a second node on this machine is; undefined for none. */
  secondNode: SecondNodeKind | undefined
  databaseUrl: string | undefined
  l1RpcUrl: string | undefined
  temporalAddress: string | undefined
  temporalNamespace: string | undefined
  /** `npm start` ends with npm. */
  isUnderNpm: boolean
}

const ENVIRONMENT = `
Instead of starting its own it uses
  DATABASE_URL      a Postgres database
  PROOF_STORE_URL   another one for what provers read and write
  L1_RPC_URL        an L1 where the test accounts have ether
  TEMPORAL_ADDRESS  a Temporal server (and TEMPORAL_NAMESPACE)`

/** Signatures that fit into what the L1 verifier reads. */
const MAX_ATTESTERS = 8

/** What the command line gives. */
type Given = {
  dataDir?: string
  reset?: boolean
  extraAccounts: number
  verifier?: DevnetVerifier
  attesters?: number
  attestersRequired?: number
  remoteProvers?: boolean
  prover: boolean
  config?: string
  nodes: '1' | '2'
  secondNode?: SecondNodeKind
}

export const withLauncherOptions = (command: Command) =>
  command
    .option('--data-dir <folder>', 'where its state is kept (default: $ZKNODE_DATA_DIR, else .zknode)')
    .option('--reset', 'forget the state and begin a new chain')
    .option(
      '--extra-accounts <count>',
      'a new chain begins with so many more accounts of 1 wei in its state, to see how a large one behaves',
      readCount(0, Number.MAX_SAFE_INTEGER),
      0,
    )
    .addOption(
      new Option(
        '--verifier <kind>',
        'what the verifier contract of a new chain checks: attestations (default), or nothing. With mock any proof is ' +
          'accepted, and only provers that connect make them',
      ).choices(['attestation', 'mock']),
    )
    .option(
      '--attesters <count>',
      `so many provers with keys of their own attest on a new chain (up to ${MAX_ATTESTERS}), each in a process`,
      readCount(1, MAX_ATTESTERS),
    )
    .option(
      '--attesters-required <count>',
      'so many of them a proof needs (default: more than half)',
      readCount(1, MAX_ATTESTERS),
    )
    .option(
      '--remote-provers',
      'let provers dial in that speak aggregator.v1; with --verifier mock they may in any case',
    )
    .option('--no-prover', 'no prover of our own: others, started or connected, make the proofs')
    .option(
      '--config <file>',
      'YAML with options of the node that win over the ones the launcher writes into node.json',
    )
    .addOption(
      new Option('--nodes <count>', "2 for a second node that follows the first one's chain, with database and API")
        .choices(['1', '2'])
        .default('1'),
    )
    .addOption(
      new Option(
        '--second-node <kind>',
        'what it believes: L1 alone (permissionless, default), or the sequencer before L1',
      ).choices(['permissionless', 'trusting']),
    )
    .addHelpText('after', ENVIRONMENT)

/** @throws {LauncherOptionError} for options that do not go together @throws {ConfigError} for empty variables */
export function launcherOptions(given: Given, env: NodeJS.ProcessEnv): LauncherOptions {
  checkVariables(env)
  return {
    folder: resolve(given.dataDir ?? (env['ZKNODE_DATA_DIR'] || '.zknode')),
    reset: given.reset ?? false,
    extraAccounts: given.extraAccounts,
    verifier: given.verifier,
    attesters: readAttesters(given),
    remoteProvers: given.remoteProvers ?? false,
    prover: given.prover,
    configFile: given.config === undefined ? undefined : resolve(given.config),
    secondNode: readSecondNode(given),
    databaseUrl: env['DATABASE_URL'],
    l1RpcUrl: env['L1_RPC_URL']?.split(',')[0], // the node uses all of a list, the setup the first
    temporalAddress: env['TEMPORAL_ADDRESS'],
    temporalNamespace: env['TEMPORAL_NAMESPACE'],
    isUnderNpm: env['npm_lifecycle_event'] !== undefined,
  }
}

const readCount = (least: number, most: number) => (text: string) => {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new InvalidArgumentError(`It takes a number from ${least} to ${most}.`)
}

function readAttesters({ attesters: count, attestersRequired }: Given): Attesters | undefined {
  if (count === undefined) {
    if (attestersRequired !== undefined) throw new LauncherOptionError('--attesters-required needs --attesters.')
    return undefined
  }
  const required = attestersRequired ?? Math.floor(count / 2) + 1
  if (required > count) throw new LauncherOptionError(`--attesters-required takes 1 to ${count}.`)
  return { count, required }
}

function readSecondNode({ nodes, secondNode }: Given): SecondNodeKind | undefined {
  if (secondNode !== undefined && nodes === '1') throw new LauncherOptionError('--second-node needs --nodes 2.')
  return nodes === '1' ? undefined : (secondNode ?? 'permissionless')
}
