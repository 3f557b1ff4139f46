import { type Entry, listEntries } from './catalogue.ts'
import type { Kind } from './options.ts'

type Section = Record<string, unknown>
/** What a configuration file says, before it is checked. */
export type Sections = Record<string, Section | undefined>
/** What is wrong, by the option it is wrong with. */
export type Problems = Map<string, string>

const ENTRIES = listEntries()

type Change = (value: string, kind: Kind, option: string) => string

/** A copy with another value for each text whose option has a kind. */
export function mapOptions(config: Sections, change: Change): Sections {
  const copy = structuredClone(config)
  for (const { path, kind } of ENTRIES) {
    const [parent, name] = placeOf(copy, path)
    if (kind === undefined || !isSection(parent) || !(name in parent)) continue
    const changed = (value: unknown) => (typeof value === 'string' ? change(value, kind, path.join('.')) : value)
    const value = parent[name]
    parent[name] = Array.isArray(value) ? value.map(changed) : changed(value)
  }
  return copy
}

const isSection = (value: unknown): value is Section => typeof value === 'object' && value !== null
const memberOf = (value: unknown, name: string) => (isSection(value) ? value[name] : undefined)

/** A section of which everything is commented out is an empty one. */
export function withEmptySections(config: Sections): Sections {
  const copy = structuredClone(config)
  for (const { path, options } of ENTRIES) {
    const [parent, name] = placeOf(copy, path)
    if (options !== undefined && isSection(parent) && parent[name] === null) parent[name] = {}
  }
  return copy
}

const placeOf = (config: Sections, path: Entry['path']): [unknown, string] => [
  path.slice(0, -1).reduce<unknown>(memberOf, config),
  path.at(-1)!,
]
