import { spawn } from 'node:child_process'
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { NodeError } from '#common/errors.ts'

export class TemporalNotFoundError extends NodeError {
  override readonly name = 'TemporalNotFoundError'
}

/** The newest Temporal CLI that `go install` takes: later ones carry replace directives. */
export const GO_BUILT_VERSION = '1.5.1'
const DOWNLOAD_TIMEOUT_MS = 180_000

export type ObtainOptions = {
  env?: NodeJS.ProcessEnv
  /** Told once a second or so while a download or a build runs. */
  report?: (progress: string) => void
  /** Stand-ins for the two ways of getting a binary; each resolves to a path inside `folder`. */
  download?: (folder: string) => Promise<string>
  build?: (folder: string, report: (progress: string) => void) => Promise<string>
}

/** Where this user's downloads and builds are kept. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'zknode')
}

const cachedBinary = (env: NodeJS.ProcessEnv) => join(cacheFolder(env), `temporal-${GO_BUILT_VERSION}`)

/** A Temporal CLI that is already here: TEMPORAL_BIN, then PATH, then the cache. */
export function findTemporal(env: NodeJS.ProcessEnv = process.env): string | undefined {
  const onPath = (env['PATH'] ?? '').split(delimiter).filter(Boolean)
  const places = [env['TEMPORAL_BIN'], ...onPath.map((folder) => join(folder, 'temporal')), cachedBinary(env)]
  return places.find((path) => path && isExecutable(path))
}

/**
 * Finds the Temporal CLI, or downloads it, or builds it with Go (about 3 minutes on two cores), and keeps it for the next
 * time. @throws {TemporalNotFoundError} with the remedies, when no way works.
 */
export async function obtainTemporal(options: ObtainOptions = {}): Promise<string> {
  const { env = process.env, report = () => {}, download = downloadWithSdk, build = buildWithGo } = options
  const given = env['TEMPORAL_BIN']
  if (given && !isExecutable(given))
    throw new TemporalNotFoundError('TEMPORAL_BIN is not an executable file.', { facts: { path: given } })
  const found = findTemporal(env)
  if (found !== undefined) return found
  const reasons: string[] = []
  mkdirSync(cacheFolder(env), { recursive: true })
  const folder = mkdtempSync(join(cacheFolder(env), 'getting-temporal-'))
  const removeFolder = () => rmSync(folder, { recursive: true, force: true })
  process.once('exit', removeFolder)
  try {
    const ways = [
      ['download', () => download(folder)],
      ['build with Go', () => build(folder, report)],
    ] as const
    for (const [name, get] of ways) {
      report(name)
      try {
        renameSync(await get(), cachedBinary(env)) // atomic: two processes may do this at once
        return cachedBinary(env)
      } catch (error) {
        reasons.push(`${name}: ${(error as Error).message.split('\n')[0]}`)
      }
    }
  } finally {
    process.off('exit', removeFolder)
    removeFolder()
  }
  throw new TemporalNotFoundError(
    `No Temporal server: install the Temporal CLI (TEMPORAL_BIN=<path> or on PATH), or install Go to have it built, or set TEMPORAL_ADDRESS to a running server. Tried ${reasons.join('; ')}.`,
  )
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

async function downloadWithSdk(folder: string): Promise<string> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing')
  const executable = { type: 'cached-download', downloadDir: folder } as const
  const started = TestWorkflowEnvironment.createLocal({ server: { executable } })
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${DOWNLOAD_TIMEOUT_MS / 1000} s`)), DOWNLOAD_TIMEOUT_MS)
  })
  try {
    await (await Promise.race([started, timeout])).teardown()
  } finally {
    clearTimeout(timer)
  }
  const name = readdirSync(folder).find((file) => isExecutable(join(folder, file)))
  if (name === undefined) throw new Error('the download is not where it should be')
  return join(folder, name)
}

async function buildWithGo(folder: string, report: (progress: string) => void): Promise<string> {
  const target = `github.com/temporalio/cli/cmd/temporal@v${GO_BUILT_VERSION}`
  const go = spawn('go', ['install', '-v', target], {
    env: { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const stopBuild = () => void go.kill()
  process.once('exit', stopBuild)
  let packages = 0
  let lastLine = ''
  const startedAt = Date.now()
  const timer = setInterval(
    () => report(`build with Go, ${packages} packages, ${Math.round((Date.now() - startedAt) / 1000)} s of about 180`),
    1000,
  )
  createInterface({ input: go.stderr }).on('line', (line) => {
    packages += 1
    lastLine = line
  })
  try {
    await new Promise<void>((resolve, reject) => {
      go.once('error', (error: NodeJS.ErrnoException) =>
        reject(error.code === 'ENOENT' ? new Error('Go is not installed') : error),
      )
      go.once('close', (code) => (code === 0 ? resolve() : reject(new Error(lastLine || `go ended with ${code}`))))
    })
  } finally {
    clearInterval(timer)
    process.off('exit', stopBuild)
  }
  return join(folder, 'temporal')
}
