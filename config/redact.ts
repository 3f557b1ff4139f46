import type { Config } from './schema.ts'

const HIDDEN = '***'

/** The configuration as operators may see it, as JSON: no password, and of URLs of others nothing that could be a key. */
export function redactConfig(config: Config): unknown {
  const shown = {
    ...config,
    database: { ...config.database, url: withoutPassword(config.database.url) },
    proofStore: { url: withoutPassword(config.proofStore.url) },
    l1: { ...config.l1, rpcUrls: config.l1.rpcUrls.map(originOf) },
    trustedSequencer: {
      ...config.trustedSequencer,
      ...(config.trustedSequencer.rpcUrl && { rpcUrl: originOf(config.trustedSequencer.rpcUrl) }),
    },
  }
  return JSON.parse(JSON.stringify(shown, (_, value) => (typeof value === 'bigint' ? value.toString() : value)))
}

function withoutPassword(text: string): string {
  const url = new URL(text)
  if (url.password !== '') url.password = HIDDEN
  return url.href
}

/** Providers put keys into paths, queries and user names. */
function originOf(text: string): string {
  const { protocol, host, pathname, search, username } = new URL(text)
  const hasMore = pathname !== '/' || search !== '' || username !== ''
  return `${protocol}//${host}${hasMore ? `/${HIDDEN}` : ''}`
}
