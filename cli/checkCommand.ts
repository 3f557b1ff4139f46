import { Command } from 'commander'
import { inspectNodeFile } from '#config/inspect.ts'
import { checkNode } from './check/checkNode.ts'
import { formatFindings } from './check/report.ts'
import { type Place, withConfig } from './nodeConfig.ts'
import { type Printed, print, withJson } from './output.ts'
import { EXIT } from './program.ts'
import { isProverAlone, ROLES_HELP, type Role, readRoles } from './run/roles.ts'

type Options = Place & Printed & { roles?: string }

/** `zknode check`: everything that would keep a node from working, before it is started. */
export const checkCommand = () =>
  withJson(withConfig(new Command('check'), 'which is checked'))
    .description('Ask L1, databases, Temporal, keys and ports whether the node could work; list every fault at once.')
    .option('--roles <list>', `for these processes alone, of ${ROLES_HELP}`)
    .action(async (options: Options) => {
      const findings = await checkNode({ path: options.config, roles: rolesOf(options) })
      const hasFaults = findings.some(({ status }) => status === 'fault')
      print({ ok: !hasFaults, findings }, () => formatFindings(findings), options)
      if (hasFaults) process.exitCode = EXIT.failed
    })

/** Those that `zknode run` would start, also with a file in which something is wrong. */
function rolesOf({ config: path, roles }: Options): readonly Role[] {
  if (isProverAlone(roles)) return ['prover']
  const { role = 'sequencer', network, aggregator } = inspectNodeFile(path).understood
  const grpc = { enabled: aggregator?.grpc.enabled ?? false }
  return readRoles(roles, { role, network: { verifier: network.verifier ?? 'attestation' }, aggregator: { grpc } })
}
