import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { mapOptions, type Problems, type Sections } from './sections.ts'

/** Variables that win over the file, and the options they stand for. */
export const VARIABLES = {
  DATABASE_URL: 'database.url',
  PROOF_STORE_URL: 'proofStore.url',
  L1_RPC_URL: 'l1.rpcUrls',
  TEMPORAL_ADDRESS: 'temporal.address',
  TEMPORAL_NAMESPACE: 'temporal.namespace',
} as const

/** Variables that hold keys, taken where the file names none. */
export const KEY_VARIABLES = {
  ZKNODE_SEQUENCER_KEY: 'keys.sequencer',
  ZKNODE_AGGREGATOR_KEY: 'keys.aggregator',
  ZKNODE_ATTESTER_KEY: 'keys.attester',
} as const

/** Puts the variables into what the file says. A variable that is set but empty is a problem, not a blank. */
export function withVariables(file: Sections, env: NodeJS.ProcessEnv, problems: Problems): Sections {
  const config = structuredClone(file)
  const put = (option: string, value: unknown) => {
    const [section, name] = option.split('.') as [string, string]
    config[section] = { ...config[section], [name]: value }
  }
  for (const [variable, option] of Object.entries(VARIABLES)) {
    const value = env[variable]
    if (value === undefined) continue
    if (value.trim() === '') {
      problems.set(option, `the variable ${variable} is empty: give it a value, or unset it`)
      continue
    }
    put(option, variable === 'L1_RPC_URL' ? splitUrls(value) : value)
    if (variable === 'L1_RPC_URL') delete config['l1']?.['rpcUrl']
  }
  for (const [variable, option] of Object.entries(KEY_VARIABLES)) {
    const [section, name] = option.split('.') as [string, string]
    if (env[variable] !== undefined && config[section]?.[name] === undefined) put(option, `env:${variable}`)
  }
  return config
}

/** A variable holds several with commas between them. */
const splitUrls = (text: string) => text.split(',').map((url) => url.trim())

const FILE_SCHEMES = ['file', 'keystore']

/** Paths, also those in references, are seen from the file; afterwards from everywhere. */
export function withAbsolutePaths(config: Sections, file: string): Sections {
  const absolute = (path: string) => resolve(dirname(file), path)
  return mapOptions(config, (value, kind) => {
    if (kind === 'path') return absolute(value)
    const reference = kind === 'url' || kind === 'secret' ? readReference(value) : undefined
    if (reference === undefined || !FILE_SCHEMES.includes(reference.scheme)) return value
    return `${reference.scheme}:${absolute(reference.place)}`
  })
}

/** URLs that are given by reference, `env:NAME` or `file:PATH`, become what is there. */
export function withUrlsRead(config: Sections, env: NodeJS.ProcessEnv, problems: Problems): Sections {
  return mapOptions(config, (value, kind, option) => {
    const reference = kind === 'url' ? readReference(value) : undefined
    if (reference === undefined) return value
    const { scheme, place } = reference
    const found = scheme === 'env' ? env[place] : readText(place)
    if (found?.trim()) return found.trim()
    const what = scheme === 'env' ? `the variable ${place}` : `the file ${place}`
    problems.set(option, `${what} ${found === undefined ? 'is not there' : 'is empty'}`)
    return value
  })
}

/** `env:NAME`, `file:PATH` and the like; undefined for anything else, such as a URL. */
function readReference(value: string): { scheme: string; place: string } | undefined {
  const [, scheme, place] = value.match(/^([a-z]+):(?!\/\/)(.+)$/s) ?? []
  return scheme === undefined ? undefined : { scheme, place: place! }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
