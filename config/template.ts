import { stringify } from 'yaml'
import { type Entry, readCatalogue } from './catalogue.ts'
import type { Preset } from './presets.ts'

const WIDTH = 110

/** A configuration file with every option and its text: what the preset says is set, all else is commented out. */
export function renderTemplate({ title, values, needed }: Preset): string {
  const head = [
    `# Configuration of a zkNode node. ${title}.`,
    '# Every option is here with its text; one that is commented out (#name: value) has the value that it shows.',
    ...(needed.length > 0 ? wrap(`Fill in: ${needed.join(', ')}.`) : []),
    '# Values may come from elsewhere: keys and URLs by env:NAME or file:PATH. docs/configuration.md has more.',
  ]
  const body = readCatalogue().flatMap((entry) => ['', ...renderEntry(entry, values, needed)])
  return `${[...head, ...body].join('\n')}\n`
}

function renderEntry(entry: Entry, values: unknown, needed: readonly string[]): string[] {
  const name = entry.path.at(-1)!
  const value = (values as Record<string, unknown> | undefined)?.[name]
  const lines = wrap(entry.unit === undefined ? entry.text : `${entry.text} Unit: ${entry.unit}.`)
  if (entry.options === undefined) return [...lines, renderOption(entry, value, needed)]
  const inner = entry.options.flatMap((option) => renderEntry(option, value, needed)).map((line) => `  ${line}`)
  // A section whose options are all commented out is an empty one, unless it has some that must be set.
  const isOff = value === undefined && !entry.isRequired && entry.options.some(({ isRequired }) => isRequired)
  return [...lines, `${isOff ? '#' : ''}${name}:`, ...inner]
}

function renderOption({ path, type, default: fallback }: Entry, value: unknown, needed: readonly string[]): string {
  const name = path.at(-1)!
  if (value !== undefined) return `${name}: ${inline(value)}`
  if (needed.includes(path.join('.'))) return `${name}: # fill in: ${type.replaceAll('`', '')}`
  return `#${name}:${fallback === undefined ? '' : ` ${inline(fallback)}`}`
}

/** On one line; text that looks like a number in quotes. */
const inline = (value: unknown): string =>
  stringify(value, { collectionStyle: 'flow', lineWidth: 0, flowCollectionPadding: false }).trimEnd()

function wrap(text: string): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last === undefined || last.length + word.length >= WIDTH) lines.push(`# ${word}`)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}
