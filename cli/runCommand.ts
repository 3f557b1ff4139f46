import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { loadNodeFile, loadProverConfig } from '#config/load.ts'
import { recordProcesses, releaseDataFolder, takeDataFolder } from '#devnet/dataFolder.ts'
import { startGuardian } from '#devnet/guardian.ts'
import { describeEvent } from '#devnet/launcher.ts'
import { createProgress, type Progress } from '#devnet/progress.ts'
import { stopRequest } from '#devnet/stopRequest.ts'
import { Supervisor } from '#devnet/supervisor.ts'
import { type Place, withOwnConfig } from './nodeConfig.ts'
import { assertKeys } from './run/checkedKeys.ts'
import { isProverAlone, ROLES_HELP, readRoles } from './run/roles.ts'
import { startNode, startProcesses } from './run/startNode.ts'

type Options = Place & { roles?: string; dataDir: string; printLogs?: boolean }
type Start = (supervisor: Supervisor, progress: Progress) => Promise<string>

/** `zknode run`: the processes of a node for a network on somebody else's L1, until the user stops them. */
export const runCommand = () =>
  withOwnConfig(new Command('run'), 'see docs/configuration.md')
    .description(
      'Run a node for a network whose contracts are on L1 already: compare the configuration with L1, bring the database ' +
        'up to date, start the processes and keep them running until Ctrl-C.',
    )
    .option('--roles <list>', `which processes, of ${ROLES_HELP}; all when left out`)
    .option('--data-dir <folder>', 'where state and logs are kept', process.env['ZKNODE_DATA_DIR'] || '.zknode/node')
    .option('--print-logs', 'print the logs of the processes on standard output too, and progress on standard error')
    .addHelpText('after', HELP)
    .action(async (options: Options) => {
      await supervise(options, await readStart(options))
    })

const HELP = `
The role in the configuration says what the node does: sequencer, permissionless or trusting (docs/roles.md).

When the configuration names no database.url, a Postgres is started in the data directory; when it names no
temporal.address, a Temporal server. What only L1 knows is read there. The whole configuration of the processes is
<data-dir>/node.json: name it with --config to commands that ask or change this node.

Variables that win over the configuration: DATABASE_URL, PROOF_STORE_URL, L1_RPC_URL, TEMPORAL_ADDRESS,
TEMPORAL_NAMESPACE. Keys, where it names none: ZKNODE_SEQUENCER_KEY, ZKNODE_AGGREGATOR_KEY, ZKNODE_ATTESTER_KEY.

Examples:
  zknode config init --preset local && zknode run            a second node beside a local network
  zknode run --config /etc/zknode/zknode.yaml --roles api    one process, with Postgres and Temporal elsewhere
  zknode run --config prover.yaml --roles prover             a prover alone: it needs no database and no L1`

/** Reads configuration and keys before anything is started. @throws {ConfigError} {RunOptionError} */
async function readStart({ config: path, roles: list, dataDir }: Options): Promise<Start> {
  if (isProverAlone(list)) {
    const config = loadProverConfig(path)
    const roles = readRoles(list, { ...config, role: 'sequencer' })
    await assertKeys(config, roles)
    return (supervisor, progress) =>
      startProcesses({ config: { ...config, role: 'sequencer' }, roles, path: resolve(path) }, supervisor, progress)
  }
  const { config, sections } = loadNodeFile(path)
  const roles = readRoles(list, config)
  await assertKeys(config, roles)
  const start = { config, sections, roles, folder: resolve(dataDir) }
  return (supervisor, progress) => startNode(start, supervisor, progress)
}

async function supervise({ dataDir, printLogs }: Options, start: Start): Promise<void> {
  const folder = resolve(dataDir)
  const progress = createProgress(printLogs ? process.stderr : process.stdout)
  const stop = stopRequest({ isUnderNpm: process.env['npm_lifecycle_event'] !== undefined })
  await takeDataFolder(folder, progress.say)
  const supervisor = new Supervisor({
    logFolder: join(folder, 'logs'),
    guardian: startGuardian(),
    onEvent: (event) => progress.say(describeEvent(event)),
    onChange: (running) => recordProcesses(folder, running),
    ...(printLogs && { onLines: (lines: string) => void process.stdout.write(lines) }),
  })
  stop.onSecond(() => supervisor.kill())
  try {
    const ready = await Promise.race([start(supervisor, progress), stop.requested])
    if (ready !== undefined) {
      progress.say(ready)
      await stop.requested
    }
  } catch (error) {
    if (!stop.wasRequested()) throw error
  } finally {
    progress.say('Stopping …')
    await supervisor.stop()
    releaseDataFolder(folder)
    progress.say('Stopped.')
  }
}
