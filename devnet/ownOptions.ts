import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

type Options = { [name: string]: unknown }

/** The options, with those of a YAML or JSON file in their place; sections are merged, lists are replaced. */
export function withOptionsOf<T extends object>(options: T, file: string): T {
  return merge(options as Options, (parse(readFileSync(file, 'utf8')) ?? {}) as Options) as T
}

function merge(options: Options, own: Options): Options {
  const merged = { ...options }
  for (const [name, value] of Object.entries(own)) {
    const before = merged[name]
    merged[name] = isSection(before) && isSection(value) ? merge(before, value) : value
  }
  return merged
}

const isSection = (value: unknown): value is Options =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
