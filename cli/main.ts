import { Command } from 'commander'
import { NodeError } from '#common/errors.ts'
import { apiKeysCommand } from './apiKeys.ts'
import { forceBatchCommand, sequenceForcedCommand } from './forcedBatchCommands.ts'
import { proofsCommand } from './proofsCommand.ts'
import { runCommand } from './run.ts'
import { verifyBatchesCommand } from './verifyBatchesCommand.ts'

/** Each command is a file of its own that exports how it adds itself. */
const COMMANDS = [
  runCommand,
  forceBatchCommand,
  sequenceForcedCommand,
  verifyBatchesCommand,
  apiKeysCommand,
  proofsCommand,
]

const program = new Command('zknode').description('A Polygon zkEVM node.')
for (const command of COMMANDS) program.addCommand(command())
try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${error instanceof NodeError ? error.message : (error as Error).stack}\n`)
  process.exitCode = 1
}
process.exit()
