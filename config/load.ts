import { readFileSync } from 'node:fs'
import { parse as parseYaml, type Tags } from 'yaml'
import type { z } from 'zod'
import { NodeError } from '#common/errors.ts'
import { withAbsolutePaths, withUrlsRead, withVariables } from './environment.ts'
import { describeWrong, wrongOptions } from './issues.ts'
import {
  type Config,
  configSchema,
  fileSchema,
  type NodeFile,
  type ProverConfig,
  proverConfigSchema,
} from './schema.ts'
import { type Problems, type Sections, withEmptySections } from './sections.ts'

export class ConfigError extends NodeError {
  override readonly name = 'ConfigError'
}

/**
 * Reads the file named by ZKNODE_CONFIG (YAML or JSON) for a process of the node. Variables win over it; paths in it are
 * seen from it. @throws {ConfigError} naming every wrong option at once.
 */
export function loadConfig(path = process.env['ZKNODE_CONFIG'], env: NodeJS.ProcessEnv = process.env): Config {
  return load(configSchema, path, env, AFTER_RUN).config
}

/** The same for a process that only proves. @throws {ConfigError} */
export function loadProverConfig(
  path = process.env['ZKNODE_CONFIG'],
  env: NodeJS.ProcessEnv = process.env,
): ProverConfig {
  return load(proverConfigSchema, path, env).config
}

/**
 * What an operator wrote, in which may be left out what `zknode run` finds out or starts. `sections` is the same as it
 * stands in the file, with variables and absolute paths, and URLs by reference still so. @throws {ConfigError}
 */
export function loadNodeFile(
  path: string,
  env: NodeJS.ProcessEnv = process.env,
): { config: NodeFile; sections: Sections } {
  return load(fileSchema, path, env)
}

/** Of what an operator may leave out. */
const AFTER_RUN =
  '`zknode run` finds this out, or starts it. What it came to is node.json in its data directory: give that file as --config.'

function load<T>(schema: z.ZodType<T>, path: string | undefined, env: NodeJS.ProcessEnv, hint?: string) {
  if (!path) throw new ConfigError('No configuration: set ZKNODE_CONFIG to the path of a YAML file.')
  const { sections, value, problems } = readUnchecked(path, env)
  const isComplete = hint === undefined || problems.size > 0 || !fileSchema.safeParse(value).success
  return { config: parse(schema, value, problems, path, isComplete ? undefined : hint), sections }
}

/** What file and variables say, before the options are looked at. @throws {ConfigError} when it cannot be read at all */
export function readUnchecked(path: string, env: NodeJS.ProcessEnv) {
  const problems: Problems = new Map()
  const sections = withAbsolutePaths(withVariables(readSections(path), env, problems), path)
  return { sections, value: withUrlsRead(sections, env, problems), problems }
}

/** For who reads the variables itself. @throws {ConfigError} naming those that are set but empty */
export function checkVariables(env: NodeJS.ProcessEnv): void {
  const problems: Problems = new Map()
  withVariables({}, env, problems)
  const wrong = wrongOptions(problems, [], undefined)
  if (wrong.length > 0) throw new ConfigError(describeWrong('The environment is wrong:', wrong))
}

/** Checks a configuration that is already in memory. @throws {ConfigError} */
export const parseConfig = (value: unknown, name = 'The configuration'): Config =>
  parse(configSchema, value, new Map(), name)

function parse<T>(schema: z.ZodType<T>, value: unknown, problems: Problems, name: string, hint?: string): T {
  const result = schema.safeParse(value)
  if (result.success && problems.size === 0) return result.data
  const wrong = wrongOptions(problems, result.error?.issues ?? [], value)
  const text = describeWrong(`${name} is wrong:`, wrong)
  throw new ConfigError(hint === undefined ? text : `${text}\n${hint}`)
}

/** Addresses and hashes stay what they are, in quotes or without. */
const withoutHexNumbers = (tags: Tags) => tags.filter((tag) => typeof tag === 'string' || tag.format !== 'HEX')

/** What the file says, unchecked. @throws {ConfigError} */
export function readSections(path: string): Sections {
  try {
    const value: unknown = parseYaml(readText(path), { customTags: withoutHexNumbers }) ?? {}
    if (typeof value === 'object' && !Array.isArray(value)) return withEmptySections(value as Sections)
  } catch (cause) {
    if (cause instanceof NodeError) throw cause
    const [reason] = (cause as Error).message.split('\n') // the lines after it are of the file, with what it holds
    throw new ConfigError('The file is not YAML.', { facts: { path, reason: reason! } })
  }
  throw new ConfigError('The file holds no sections with options.', { facts: { path } })
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigError('Cannot read the file.', { cause, facts: { path } })
  }
}
