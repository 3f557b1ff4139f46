import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import type { JsonFragment } from 'ethers'
import { NodeError } from '#common/errors.ts'

/** The Solidity compiler refused the sources; the message holds what it said. */
export class SolidityCompileError extends NodeError {
  override readonly name = 'SolidityCompileError'
}

/** What the compiler gives for one contract. Byte strings are 0x-prefixed hex. */
export type ContractArtifact = {
  contractName: string
  abi: readonly JsonFragment[]
  /** Creation code, without constructor arguments. */
  bytecode: `0x${string}`
  /** Runtime code; immutables are zero in it. */
  deployedBytecode: `0x${string}`
  /** Byte ranges of `deployedBytecode` that hold each immutable. */
  immutableReferences: readonly (readonly { start: number; length: number }[])[]
}

const require = createRequire(import.meta.url)
const ROOT = fileURLToPath(new URL('..', import.meta.url))
const SOURCES = fileURLToPath(new URL('./src', import.meta.url))
const OUTPUT = join(ROOT, 'dist', 'contracts')
const LOCK = `${OUTPUT}.lock`
const MANIFEST = join(OUTPUT, 'manifest.json')
const LOCK_POLL_MS = 200
/** A compilation takes seconds: an older lock was left behind, and its pid may be somebody else's by now. */
const LOCK_STALE_MS = 180_000

/**
 * Berlin, because the bridge and the L2 exit root contract run on the zkEVM too: no BASEFEE, PREVRANDAO, transient
 * storage or MCOPY. Few runs, because the rollup manager is near the 24,576 bytes a contract may have.
 */
const SETTINGS = {
  evmVersion: 'berlin',
  viaIR: true,
  optimizer: { enabled: true, runs: 50 },
  metadata: { bytecodeHash: 'none' },
  outputSelection: { '*': { '*': ['abi', 'evm.bytecode.object', 'evm.deployedBytecode'] } },
} as const

type Source = { name: string; content: string }
type SolcOutput = {
  errors?: readonly { severity: string; formattedMessage: string }[]
  contracts?: Record<string, Record<string, SolcContract>>
}
type SolcContract = {
  abi: JsonFragment[]
  evm: {
    bytecode: { object: string }
    deployedBytecode: { object: string; immutableReferences?: Record<string, { start: number; length: number }[]> }
  }
}

/**
 * Compiles `contracts/src` into `dist/contracts/<Name>.json` unless that is up to date. A child process does the work
 * (20 s, 200 MB), so the caller's event loop goes on. Any number of processes may call it at once: one compiles, the
 * others wait for it.
 * @returns folder of the artifacts
 * @throws {SolidityCompileError}
 */
export async function compileContracts(): Promise<string> {
  if (isCompiled()) return OUTPUT
  try {
    await promisify(execFile)(process.execPath, childArguments())
  } catch (cause) {
    throw compileError(cause)
  }
  return OUTPUT
}

/** The same, for callers that cannot wait asynchronously: blocks until the artifacts are there. */
export function compileContractsSync(): string {
  if (isCompiled()) return OUTPUT
  try {
    execFileSync(process.execPath, childArguments(), { stdio: 'pipe' })
  } catch (cause) {
    throw compileError(cause)
  }
  return OUTPUT
}

function isCompiled(): boolean {
  return readFingerprint() === fingerprint(readSources())
}

function childArguments(): string[] {
  return ['--import', pathToFileURL(require.resolve('tsx')).href, fileURLToPath(import.meta.url)]
}

function compileError(cause: unknown): SolidityCompileError {
  const stderr = String((cause as { stderr?: unknown }).stderr ?? '').trim()
  return new SolidityCompileError(stderr || 'The compiler process failed.', { cause })
}

/** What the child process does. */
async function compileUnderLock(): Promise<void> {
  const sources = readSources()
  const wanted = fingerprint(sources)
  while (readFingerprint() !== wanted) {
    if (!takeLock()) {
      await sleep(LOCK_POLL_MS)
      continue
    }
    try {
      if (readFingerprint() !== wanted) writeArtifacts(compile(sources), wanted)
    } finally {
      rmSync(LOCK, { force: true })
    }
  }
}

function readSources(): Source[] {
  return readdirSync(SOURCES, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.sol'))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({ name: relative(SOURCES, path), content: readFileSync(path, 'utf8') }))
}

function fingerprint(sources: readonly Source[]): string {
  const versions = ['solc', '@openzeppelin/contracts'].map((name) => packageVersion(name))
  return createHash('sha256')
    .update(JSON.stringify([sources, SETTINGS, versions]))
    .digest('hex')
}

function packageVersion(name: string): string {
  return (require(`${name}/package.json`) as { version: string }).version
}

function readFingerprint(): string | undefined {
  try {
    return (JSON.parse(readFileSync(MANIFEST, 'utf8')) as { fingerprint: string }).fingerprint
  } catch {
    return undefined // absent, or being replaced
  }
}

/** The lock file holds the owner's pid; the lock of a process that is gone, or too old, is removed. */
function takeLock(): boolean {
  mkdirSync(join(ROOT, 'dist'), { recursive: true })
  try {
    writeFileSync(LOCK, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    if (isLockStale()) rmSync(LOCK, { force: true })
    return false
  }
}

function isLockStale(): boolean {
  try {
    if (Date.now() - statSync(LOCK).mtimeMs > LOCK_STALE_MS) return true
    const owner = Number(readFileSync(LOCK, 'utf8'))
    return owner > 0 && !isAlive(owner)
  } catch {
    return false // just released
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function compile(sources: readonly Source[]): ContractArtifact[] {
  // Loaded here only: the compiler takes seconds to load and 200 MB to run.
  const solc = require('solc') as { compile(input: string, callbacks: object): string }
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(sources.map(({ name, content }) => [name, { content }])),
    settings: SETTINGS,
  }
  const findImport = (path: string) => ({ contents: readFileSync(require.resolve(path), 'utf8') })
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: findImport })) as SolcOutput
  const errors = (output.errors ?? []).filter(({ severity }) => severity === 'error')
  if (errors.length > 0) {
    throw new SolidityCompileError(errors.map(({ formattedMessage }) => formattedMessage).join('\n'))
  }
  return sources.flatMap(({ name }) => Object.entries(output.contracts?.[name] ?? {}).map(toArtifact))
}

function toArtifact([contractName, { abi, evm }]: [string, SolcContract]): ContractArtifact {
  return {
    contractName,
    abi,
    bytecode: `0x${evm.bytecode.object}`,
    deployedBytecode: `0x${evm.deployedBytecode.object}`,
    immutableReferences: Object.values(evm.deployedBytecode.immutableReferences ?? {}),
  }
}

/** The manifest goes last: who finds it complete finds every artifact of it. */
function writeArtifacts(artifacts: readonly ContractArtifact[], fingerprint: string): void {
  mkdirSync(OUTPUT, { recursive: true })
  const replace = (path: string, value: object) => {
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(value))
    renameSync(`${path}.${process.pid}`, path)
  }
  rmSync(MANIFEST, { force: true })
  for (const artifact of artifacts) replace(join(OUTPUT, `${artifact.contractName}.json`), artifact)
  replace(MANIFEST, { fingerprint, contracts: artifacts.map(({ contractName }) => contractName) })
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await compileUnderLock()
    console.log(`contracts: ${relative(process.cwd(), OUTPUT)}`)
  } catch (error) {
    console.error(error instanceof SolidityCompileError ? error.message : error)
    process.exitCode = 1
  }
}
