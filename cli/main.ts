import { Command } from 'commander'
import { devnetCommand } from '#devnet/command.ts'
import { apiKeysCommand } from './apiKeys.ts'
import { batchCommand } from './batchCommand.ts'
import { checkCommand } from './checkCommand.ts'
import { configCommand } from './configCommand.ts'
import { dbCommand } from './dbCommand.ts'
import { forceBatchCommand, sequenceForcedCommand } from './forcedBatchCommands.ts'
import { keysCommand } from './keysCommand.ts'
import { runProgram } from './program.ts'
import { proofsCommand } from './proofsCommand.ts'
import { resyncCommand } from './resyncCommand.ts'
import { runCommand } from './runCommand.ts'
import { snapshotCommand } from './snapshotCommand.ts'
import { verifyBatchesCommand } from './verifyBatchesCommand.ts'
import { verifyCommand } from './verifyCommand.ts'
import { formatVersion, readVersion, versionCommand } from './versionCommand.ts'

/** Each command is a file of its own that exports how it adds itself. */
const COMMANDS = {
  'Networks and nodes:': [devnetCommand, checkCommand, runCommand, configCommand, keysCommand],
  'A running node:': [
    batchCommand,
    proofsCommand,
    dbCommand,
    snapshotCommand,
    resyncCommand,
    verifyCommand,
    apiKeysCommand,
  ],
  'On L1, without the operator:': [forceBatchCommand, sequenceForcedCommand, verifyBatchesCommand],
  'Other:': [versionCommand],
}

const EXAMPLES = `
Examples:
  zknode devnet                          a whole network on this machine; Ctrl-C ends it, the next one goes on
  zknode config init --preset local      a configuration file with every option
  zknode check --config zknode.yaml      everything that would keep a node from working, before it is started
  zknode run --config zknode.yaml        a node
  zknode batch show 7                    all that is known of a batch
  zknode proofs list --failed --json     what is parked, for a program

Commands that ask or change a node find its configuration by --config FILE, $ZKNODE_CONFIG, ./zknode.yaml or
.zknode/node.json, which is that of a local network. Exit codes: 0 done, 1 refused or faults found, 2 wrong usage or
configuration. zknode help COMMAND tells more.`

const program = new Command('zknode').description('A Polygon zkEVM node.').addHelpText('after', EXAMPLES)
program.option('-V, --version', 'print the version').on('option:version', () => {
  for (const line of formatVersion(readVersion())) process.stdout.write(`${line}\n`)
  process.exit()
})
program.addHelpCommand(
  new Command('help').argument('[command]').description('Tell about a command.').helpGroup('Other:'),
)
for (const [heading, commands] of Object.entries(COMMANDS))
  for (const command of commands) program.addCommand(command().helpGroup(heading))
await runProgram(program)
