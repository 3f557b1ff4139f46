import { parseConfig, readSections } from '#config/load.ts'
import type { ConfigInput } from '#config/schema.ts'

type Options = { [name: string]: unknown }

/**
 * The options, with those of a YAML or JSON file in their place; sections are merged, lists are replaced.
 * @throws {ConfigError} naming what is wrong in the file
 */
export function withOptionsOf(options: ConfigInput, file: string): ConfigInput {
  const merged = mergeOptions(options as unknown as Options, readSections(file)) as unknown as ConfigInput
  parseConfig(merged, file)
  return merged
}

export function mergeOptions(options: Options, own: Options): Options {
  const merged = { ...options }
  for (const [name, value] of Object.entries(own)) {
    const before = merged[name]
    merged[name] = isSection(before) && isSection(value) ? mergeOptions(before, value) : value
  }
  return merged
}

const isSection = (value: unknown): value is Options =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
