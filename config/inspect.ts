import type { z } from 'zod'
import { type WrongOption, wrongOptions } from './issues.ts'
import { readUnchecked } from './load.ts'
import { looseNetworkSchema } from './network.ts'
import { fileSchema, type NodeFile, proverConfigSchema } from './schema.ts'
import type { Sections } from './sections.ts'

export type LooseNetwork = z.output<typeof looseNetworkSchema>
/** Sections that can be understood; of the network, each option that can be. */
export type Understood = Partial<Omit<NodeFile, 'network'>> & { network: LooseNetwork }

/** `sections`: as they stand in the file, with variables. */
export type Inspected = { wrong: WrongOption[]; understood: Understood; sections: Sections }

type Options = {
  env?: NodeJS.ProcessEnv
  /** The file is of a process that only proves, which needs less. */
  isOfProver?: boolean
}

/**
 * Everything that is wrong with the options of a file, and what can be understood in spite of it: without the options
 * that are wrong. @throws {ConfigError} when the file cannot be read, or is not YAML
 */
export function inspectNodeFile(path: string, { env = process.env, isOfProver = false }: Options = {}): Inspected {
  const { sections, value, problems } = readUnchecked(path, env)
  const issues = (isOfProver ? proverConfigSchema : fileSchema).safeParse(value).error?.issues ?? []
  const wrong = wrongOptions(problems, issues, value)
  const rest = structuredClone(value)
  for (const { option } of wrong) remove(rest, option.split('.'))
  const understood: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(fileSchema.shape) as [string, z.ZodType][]) {
    const result = (name === 'network' ? looseNetworkSchema : schema).safeParse(rest[name] ?? undefined)
    if (result.success) understood[name] = result.data
  }
  return { wrong, understood: { network: {}, ...understood } as Understood, sections }
}

function remove(from: unknown, [name, ...rest]: readonly string[]): void {
  if (typeof from !== 'object' || from === null || name === undefined) return
  const section = from as Record<string, unknown>
  if (rest.length > 0) remove(section[name], rest)
  else delete section[name]
}
