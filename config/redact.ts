import { mapOptions, type Sections } from './sections.ts'

const HIDDEN = '***'

/** The configuration as operators may see it, as JSON: no password, and of URLs of others nothing that could be a key. */
export function redactConfig(config: object): Sections {
  const json = JSON.stringify(config, (_, value) => (typeof value === 'bigint' ? value.toString() : value))
  return mapOptions(JSON.parse(json) as Sections, (value, kind) => (kind === 'url' ? redactUrl(value) : value))
}

/** Where a URL leads: of a database user, host and name, of anything else the host. */
export function redactUrl(text: string): string {
  if (!URL.canParse(text)) return HIDDEN
  const { protocol, host, pathname, search, username, password } = new URL(text)
  if (/^postgres(ql)?:$/.test(protocol)) {
    const user = username === '' ? '' : `${username}${password === '' ? '' : `:${HIDDEN}`}@`
    return `${protocol}//${user}${host}${pathname}${search === '' ? '' : `?${HIDDEN}`}`
  }
  // Providers put keys into paths, queries and user names.
  const hasMore = pathname.length > 1 || search !== '' || username !== '' || password !== ''
  return `${protocol}//${host}${hasMore ? `/${HIDDEN}` : ''}`
}
