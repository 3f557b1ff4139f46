import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NodeError } from '#common/errors.ts'
import { type ContractArtifact, compileContractsSync } from './compile.ts'

/** No contract of that name in contracts/src. */
export class ArtifactNotFoundError extends NodeError {
  override readonly name = 'ArtifactNotFoundError'
}

const artifacts = new Map<string, ContractArtifact>()
let folder: string | undefined

/**
 * Compiled contract by name. When sources are newer than `dist/contracts`, the first call of a process compiles them
 * and blocks meanwhile (about 20 s); `await compileContracts()` beforehand, or `npm run build:contracts`, avoids that.
 * @throws {ArtifactNotFoundError} @throws {SolidityCompileError}
 */
export function getArtifact(name: string): ContractArtifact {
  const known = artifacts.get(name)
  if (known !== undefined) return known
  folder ??= compileContractsSync()
  try {
    const artifact = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as ContractArtifact
    artifacts.set(name, artifact)
    return artifact
  } catch (cause) {
    throw new ArtifactNotFoundError('No such contract.', { cause, facts: { name } })
  }
}
