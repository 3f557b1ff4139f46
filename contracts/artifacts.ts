import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { NodeError } from '#common/errors.ts'
import { type ContractArtifact, compileContracts } from './compile.ts'

/** No contract of that name in contracts/src. */
export class ArtifactNotFoundError extends NodeError {
  override readonly name = 'ArtifactNotFoundError'
}

const artifacts = new Map<string, Promise<ContractArtifact>>()
let compiled: Promise<string> | undefined

/**
 * Compiled contract by name; compiles on the first use when sources are newer (about 20 s, once).
 * @throws {ArtifactNotFoundError} @throws {SolidityCompileError}
 */
export function getArtifact(name: string): Promise<ContractArtifact> {
  let artifact = artifacts.get(name)
  if (artifact === undefined) {
    artifact = readArtifact(name)
    artifacts.set(name, artifact)
  }
  return artifact
}

async function readArtifact(name: string): Promise<ContractArtifact> {
  compiled ??= compileContracts()
  const folder = await compiled
  try {
    return JSON.parse(await readFile(join(folder, `${name}.json`), 'utf8')) as ContractArtifact
  } catch (cause) {
    throw new ArtifactNotFoundError('No such contract.', { cause, facts: { name } })
  }
}
