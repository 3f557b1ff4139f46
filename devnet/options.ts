import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { NodeError } from '#common/errors.ts'

export class LauncherOptionError extends NodeError {
  override readonly name = 'LauncherOptionError'
}

/** What the user asked for. URLs and addresses name parts of somebody else, used instead of starting our own. */
export type LauncherOptions = {
  folder: string
  reset: boolean
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
  --help

Instead of starting its own it uses
  DATABASE_URL      a Postgres database
  L1_RPC_URL        an L1 where the test accounts have ether
  TEMPORAL_ADDRESS  a Temporal server (and TEMPORAL_NAMESPACE)
`

/** Options, or the text to print for --help. @throws {LauncherOptionError} */
export function readLauncherOptions(args: string[], env: NodeJS.ProcessEnv): LauncherOptions | string {
  let values: { 'data-dir'?: string; reset?: boolean; help?: boolean }
  try {
    const options = { 'data-dir': { type: 'string' }, reset: { type: 'boolean' }, help: { type: 'boolean' } } as const
    values = parseArgs({ args, options }).values
  } catch (cause) {
    throw new LauncherOptionError(`${(cause as Error).message}\n\n${HELP}`, { cause })
  }
  if (values.help) return HELP
  return {
    folder: resolve(values['data-dir'] ?? (env['ZKNODE_DATA_DIR'] || '.zknode')),
    reset: values.reset ?? false,
    databaseUrl: env['DATABASE_URL'] || undefined,
    l1RpcUrl: env['L1_RPC_URL'] || undefined,
    temporalAddress: env['TEMPORAL_ADDRESS'] || undefined,
    temporalNamespace: env['TEMPORAL_NAMESPACE'] || undefined,
    isUnderNpm: env['npm_lifecycle_event'] !== undefined,
  }
}
