import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { NODE_VERSION } from '#common/version.ts'
import { SUPPORTED_FORK_IDS } from '#protocol/forks.ts'
import { type Printed, print, withJson } from './output.ts'

const ROOT = join(import.meta.dirname, '..')

/** `zknode version`: what to tell whoever helps. */
export const versionCommand = () =>
  withJson(new Command('version').description('Version, commit, Node.js and the forks it knows.')).action(
    (options: Printed) => {
      const version = readVersion()
      print(version, () => formatVersion(version), options)
    },
  )

export type Version = {
  version: string
  commit: string | null
  node: string
  platform: string
  forkIds: readonly number[]
}

export const readVersion = (): Version => ({
  ...{ version: NODE_VERSION, commit: findCommit() ?? null },
  ...{ node: process.version, platform: `${process.platform}-${process.arch}`, forkIds: SUPPORTED_FORK_IDS },
})

export const formatVersion = ({ version, commit, node, platform, forkIds }: Version): string[] => [
  `zkNode ${version}${commit === null ? '' : ` (${commit})`}, Node.js ${node}, ${platform}`,
  `Forks ${forkIds.join(', ')}`,
]

/** What an image was built from, else what is checked out; -dirty when files differ from it. */
export function findCommit(env: NodeJS.ProcessEnv = process.env, root = ROOT): string | undefined {
  if (env['ZKNODE_COMMIT']) return env['ZKNODE_COMMIT']
  if (!existsSync(join(root, '.git'))) return undefined // the repository around it would be another one
  try {
    const describe = ['describe', '--always', '--dirty', '--abbrev=12', '--exclude=*']
    return execFileSync('git', ['-C', root, ...describe], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim()
  } catch {
    return undefined // no git here, or not our files
  }
}
