import { isIP } from 'node:net'

/**
 * Whether a host header is of a name this node goes by: pages that point their own name at it cannot ask it then.
 * Addresses pass, for a page cannot be at them.
 */
export function createHostCheck(vhosts: readonly string[]): (host: string | undefined) => boolean {
  if (vhosts.includes('*')) return () => true
  const names = new Set(vhosts.map((name) => name.toLowerCase()))
  return (host = '') => {
    const name = host.replace(/:\d+$/, '').toLowerCase()
    return names.has(name) || isIP(name.replace(/^\[|\]$/g, '')) !== 0
  }
}
