import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { NodeError } from '#common/errors.ts'
import type { VerifierKind } from '#config/schema.ts'

export class LauncherOptionError extends NodeError {
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

const HELP = `npm start -- [options]    a whole zkNode network on this machine

  --data-dir DIR   where its state is kept (default .zknode; also ZKNODE_DATA_DIR)
  --reset          forget the state and begin a new chain
  --extra-accounts N   a new chain begins with N more accounts of 1 wei in its state, to see how a large one behaves
  --verifier attestation|mock   what the verifier contract of a new chain checks: attestations (default), or nothing.
                   With mock any proof is accepted, and only provers that connect make them
  --attesters N    N provers with keys of their own attest on a new chain (up to 8), each in a process
  --attesters-required K   a proof needs K of them (default: more than half)
  --remote-provers let provers dial in that speak aggregator.v1; with --verifier mock they may in any case
  --no-prover      no prover of our own: others, started or connected, make the proofs
  --config FILE    YAML with options of config/schema.ts that win over the ones the launcher writes into node.json
  --nodes 2        a second node that follows the first one's chain, with a database and API of its own
  --second-node permissionless|trusting   what it believes: L1 alone (default), or the sequencer before L1
  --help

Instead of starting its own it uses
  DATABASE_URL      a Postgres database
  PROOF_STORE_URL   another one for what provers read and write
  L1_RPC_URL        an L1 where the test accounts have ether
  TEMPORAL_ADDRESS  a Temporal server (and TEMPORAL_NAMESPACE)
`

const TEXT_OPTIONS = [
  ...(['data-dir', 'extra-accounts', 'verifier', 'attesters'] as const),
  ...(['attesters-required', 'config', 'nodes', 'second-node'] as const),
]
type TextOption = (typeof TEXT_OPTIONS)[number]

/** Options, or the text to print for --help. @throws {LauncherOptionError} */
export function readLauncherOptions(args: string[], env: NodeJS.ProcessEnv): LauncherOptions | string {
  let values: Partial<Record<TextOption, string>> & {
    reset?: boolean
    'remote-provers'?: boolean
    'no-prover'?: boolean
    help?: boolean
  }
  try {
    const [text, flag] = [{ type: 'string' }, { type: 'boolean' }] as const
    const texts = Object.fromEntries(TEXT_OPTIONS.map((name) => [name, text]))
    const flags = { reset: flag, 'remote-provers': flag, 'no-prover': flag, help: flag }
    values = parseArgs({ args, options: { ...texts, ...flags } }).values
  } catch (cause) {
    throw new LauncherOptionError(`${(cause as Error).message}\n\n${HELP}`, { cause })
  }
  if (values.help) return HELP
  const extraAccounts = Number(values['extra-accounts'] ?? 0)
  if (!Number.isSafeInteger(extraAccounts) || extraAccounts < 0)
    throw new LauncherOptionError(`--extra-accounts takes a number.\n\n${HELP}`)
  return {
    folder: resolve(values['data-dir'] ?? (env['ZKNODE_DATA_DIR'] || '.zknode')),
    reset: values.reset ?? false,
    extraAccounts,
    verifier: readVerifier(values.verifier),
    attesters: readAttesters(values),
    remoteProvers: values['remote-provers'] ?? false,
    prover: !values['no-prover'],
    configFile: values.config === undefined ? undefined : resolve(values.config),
    secondNode: readSecondNode(values),
    databaseUrl: env['DATABASE_URL'] || undefined,
    l1RpcUrl: env['L1_RPC_URL']?.split(',')[0] || undefined, // the node uses all of a list, the setup the first
    temporalAddress: env['TEMPORAL_ADDRESS'] || undefined,
    temporalNamespace: env['TEMPORAL_NAMESPACE'] || undefined,
    isUnderNpm: env['npm_lifecycle_event'] !== undefined,
  }
}

function readVerifier(verifier: string | undefined): DevnetVerifier | undefined {
  if (verifier === undefined || verifier === 'attestation' || verifier === 'mock') return verifier
  throw new LauncherOptionError(`--verifier takes attestation or mock.\n\n${HELP}`)
}

/** Signatures that fit into what the L1 verifier reads. */
const MAX_ATTESTERS = 8

function readAttesters(values: Partial<Record<TextOption, string>>): Attesters | undefined {
  const given = values['attesters-required']
  if (values.attesters === undefined) {
    if (given !== undefined) throw new LauncherOptionError(`--attesters-required needs --attesters.\n\n${HELP}`)
    return undefined
  }
  const count = Number(values.attesters)
  if (!Number.isInteger(count) || count < 1 || count > MAX_ATTESTERS)
    throw new LauncherOptionError(`--attesters takes 1 to ${MAX_ATTESTERS}.\n\n${HELP}`)
  const required = given === undefined ? Math.floor(count / 2) + 1 : Number(given)
  if (!Number.isInteger(required) || required < 1 || required > count)
    throw new LauncherOptionError(`--attesters-required takes 1 to ${count}.\n\n${HELP}`)
  return { count, required }
}

function readSecondNode({
  nodes = '1',
  'second-node': kind,
}: Partial<Record<'nodes' | 'second-node', string>>): SecondNodeKind | undefined {
  if (nodes !== '1' && nodes !== '2') throw new LauncherOptionError(`--nodes takes 1 or 2.\n\n${HELP}`)
  if (kind !== undefined && kind !== 'permissionless' && kind !== 'trusting')
    throw new LauncherOptionError(`--second-node takes permissionless or trusting.\n\n${HELP}`)
  if (kind !== undefined && nodes === '1') throw new LauncherOptionError(`--second-node needs --nodes 2.\n\n${HELP}`)
  return nodes === '1' ? undefined : (kind ?? 'permissionless')
}
