import { z } from 'zod'
import type { Kind } from './options.ts'
import { fileSchema } from './schema.ts'

/** What there is to know of an option, or of a section: then `options` are those in it. */
export type Entry = {
  path: readonly string[]
  text: string
  isRequired: boolean
  type: string
  unit: string | undefined
  default: unknown
  kind: Kind | undefined
  options: readonly Entry[] | undefined
}

type Json = z.core.JSONSchema.BaseSchema

/** JSON Schema of the configuration file, for editors. */
export function configJsonSchema(): Json {
  const schema = z.toJSONSchema(fileSchema, {
    io: 'input',
    override: ({ jsonSchema }) => {
      if (jsonSchema['kind'] !== 'url') return
      delete jsonSchema.pattern // it may also be a reference
      jsonSchema.format = 'uri'
    },
  })
  return { ...schema, title: 'Configuration of a zkNode node' }
}

/** All sections and options, in the order of the schema. */
export const readCatalogue = (): readonly Entry[] => entriesOf(configJsonSchema(), [])

/** Every section, before its options, and every option. */
export const listEntries = (entries = readCatalogue()): Entry[] =>
  entries.flatMap((entry) => [entry, ...listEntries(entry.options ?? [])])

function entriesOf({ properties = {}, required = [] }: Json, parent: readonly string[]): Entry[] {
  return Object.entries(properties).map(([name, value]) => {
    const json = value as Json
    const path = [...parent, name]
    const isSection = json.properties !== undefined
    return {
      ...{ path, text: json.description ?? '', isRequired: required.includes(name) },
      ...{
        type: typeOf(json),
        unit: json['unit'] as string | undefined,
        default: isSection ? undefined : json.default,
      },
      kind: (json['kind'] ?? (json.items as Json | undefined)?.['kind']) as Kind | undefined,
      options: isSection ? entriesOf(json, path) : undefined,
    }
  })
}

const NAMES: Record<Kind, string> = { address: 'address', hash: 'hash', path: 'path', url: 'URL', secret: 'reference' }

function typeOf(json: Json): string {
  if (json.enum) return json.enum.map((value) => `\`${value}\``).join(', ')
  if (json.anyOf) return [...new Set(json.anyOf.map((part) => typeOf(part as Json)))].join(' or ')
  if (json.type === 'array') return `list of ${typeOf(json.items as Json)}`
  const kind = json['kind'] as Kind | undefined
  return kind === undefined ? String(json.type) : NAMES[kind]
}
