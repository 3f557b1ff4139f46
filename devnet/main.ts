import { runLauncher } from './launcher.ts'
import { LauncherOptionError, readLauncherOptions } from './options.ts'

try {
  const options = readLauncherOptions(process.argv.slice(2), process.env)
  if (typeof options === 'string') process.stdout.write(options)
  else process.exitCode = await runLauncher(options)
} catch (error) {
  process.stderr.write(`${error instanceof LauncherOptionError ? error.message : (error as Error).stack}\n`)
  process.exitCode = 1
}
process.exit()
