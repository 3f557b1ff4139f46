import { type Entry, readCatalogue } from './catalogue.ts'

export const PAGE = 'docs/configuration.md'
const MARK = '<!-- What follows is made from the schema by `npm run docs`. -->'

/** The page with its list of options as the schema has them now; what stands above the mark stays. */
export function renewPage(page: string): string {
  const [prose] = page.split(MARK)
  return `${prose}${MARK}\n\n${renderOptions()}`
}

function renderOptions(): string {
  const catalogue = readCatalogue()
  const single = catalogue.filter(({ options }) => options === undefined)
  const sections = catalogue.filter(({ options }) => options !== undefined)
  return [...table(single), ...sections.flatMap(renderSection)].join('\n')
}

function renderSection(section: Entry): string[] {
  const { path, text, options = [] } = section
  const single = options.filter(({ options }) => options === undefined)
  const inner = options.filter(({ options }) => options !== undefined)
  return [
    `#${'#'.repeat(path.length)} ${path.join('.')}`,
    '',
    text,
    '',
    ...table(single),
    ...inner.flatMap(renderSection),
  ]
}

function table(entries: readonly Entry[]): string[] {
  if (entries.length === 0) return []
  const rows = entries.map(({ path, type, unit, text, ...entry }) =>
    [`\`${path.at(-1)}\``, type, unit ?? '', describeDefault(entry), text].join(' | '),
  )
  return ['| option | type | unit | default | |', '|---|---|---|---|---|', ...rows.map((row) => `| ${row} |`), '']
}

function describeDefault({ isRequired, default: value }: Pick<Entry, 'isRequired' | 'default'>): string {
  if (isRequired) return '**to be set**'
  return value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}
