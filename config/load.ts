import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { parse as parseYaml } from 'yaml'
import type { z } from 'zod'
import { NodeError } from '#common/errors.ts'
import type { Hex } from '#protocol/primitives.ts'
import { type Config, configSchema, type ProverConfig, proverConfigSchema } from './schema.ts'

export class ConfigError extends NodeError {
  override readonly name = 'ConfigError'
}

/**
 * Reads the file named by ZKNODE_CONFIG (YAML or JSON). DATABASE_URL, PROOF_STORE_URL, L1_RPC_URL (several with commas)
 * and TEMPORAL_ADDRESS win over it. Relative paths in it are relative to the file. @throws {ConfigError} naming every
 * wrong option at once.
 */
export function loadConfig(path = process.env['ZKNODE_CONFIG'], env: NodeJS.ProcessEnv = process.env): Config {
  return load(configSchema, path, env)
}

/** The same for a process that only proves. @throws {ConfigError} */
export function loadProverConfig(
  path = process.env['ZKNODE_CONFIG'],
  env: NodeJS.ProcessEnv = process.env,
): ProverConfig {
  return load(proverConfigSchema, path, env)
}

function load<T extends { network: { genesisFile: string } }>(
  schema: z.ZodType<T>,
  path: string | undefined,
  env: NodeJS.ProcessEnv,
): T {
  if (!path) throw new ConfigError('No configuration: set ZKNODE_CONFIG to the path of a YAML file.')
  const config = parse(schema, withEnvironment(readFile(path), env))
  config.network.genesisFile = resolve(dirname(path), config.network.genesisFile)
  return config
}

/** Checks a configuration that is already in memory. @throws {ConfigError} */
export const parseConfig = (value: unknown): Config => parse(configSchema, value)

function parse<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  throw new ConfigError(`The configuration is wrong:\n${describeIssues(result.error)}`)
}

/** The private key a secret refers to. @throws {ConfigError} naming the option, never the value. */
export function readSecret(option: string, secret: string | undefined, env: NodeJS.ProcessEnv = process.env): Hex {
  if (secret === undefined) throw new ConfigError(`${option} is not set: this role needs the key.`)
  const [kind, place] = [secret.slice(0, secret.indexOf(':')), secret.slice(secret.indexOf(':') + 1)]
  const value = (kind === 'env' ? env[place] : String(readFile(place)))?.trim()
  if (!value || !/^0x[0-9a-fA-F]{64}$/.test(value))
    throw new ConfigError(`${option}: ${secret} does not hold a private key (0x and 64 hex digits).`)
  return value as Hex
}

function readFile(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new ConfigError('Cannot read the file.', { cause, facts: { path } })
  }
  return /\.(ya?ml|json)$/.test(path) ? parseYaml(text) : text
}

function withEnvironment(file: unknown, env: NodeJS.ProcessEnv): unknown {
  if (typeof file !== 'object' || file === null) return file
  const config = structuredClone(file) as Record<string, Record<string, unknown> | undefined>
  const override = (section: string, option: string, value: string | readonly string[] | undefined) => {
    if (value) config[section] = { ...config[section], [option]: value }
  }
  override('database', 'url', env['DATABASE_URL'])
  override('proofStore', 'url', env['PROOF_STORE_URL'])
  const l1 = env['L1_RPC_URL']
  if (l1) {
    override('l1', 'rpcUrls', splitUrls(l1))
    delete config['l1']!['rpcUrl']
  }
  override('temporal', 'address', env['TEMPORAL_ADDRESS'])
  return config
}

/** One line for each option that is wrong. */
export const describeIssues = ({ issues }: z.ZodError): string => issues.map(describeIssue).join('\n')

/** A variable holds several with commas between them. */
const splitUrls = (text: string) => text.split(',').map((url) => url.trim())

function describeIssue(issue: z.core.$ZodIssue): string {
  const place = issue.path.join('.') || '(top level)'
  if (issue.code !== 'unrecognized_keys') return `  ${place}: ${issue.message}`
  return issue.keys.map((key) => `  ${[...issue.path, key].join('.')}: unknown option`).join('\n')
}
