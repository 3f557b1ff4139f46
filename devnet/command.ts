import { Command } from 'commander'
import { runLauncher } from './launcher.ts'
import { launcherOptions, withLauncherOptions } from './options.ts'

/** `zknode devnet`, which is what `npm start` does. */
export const devnetCommand = () =>
  withLauncherOptions(
    new Command('devnet').description('Run a whole network on this machine, until Ctrl-C: L1, databases and the node.'),
  ).action(async (_, self: Command) => {
    process.exitCode = await runLauncher(launcherOptions(self.opts(), process.env))
  })
