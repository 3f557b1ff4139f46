import type { IncomingMessage } from 'node:http'
import { BlockList, isIP } from 'node:net'

/** Address of the client behind a request. */
export type ClientIp = (request: IncomingMessage) => string

/**
 * The peer's address; when that is a trusted proxy, the last address of X-Forwarded-For that is not one: what stands
 * before it, the client may have made up.
 */
export function createClientIp(trustedProxies: readonly string[]): ClientIp {
  const trusted = new BlockList()
  for (const proxy of trustedProxies) {
    const [address, prefix] = proxy.split('/') as [string, string?]
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) trusted.addAddress(address, family)
    else trusted.addSubnet(address, Number(prefix), family)
  }
  const isTrusted = (address: string) => trusted.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

  return (request) => {
    let ip = plain(request.socket.remoteAddress ?? '')
    if (trustedProxies.length === 0) return ip
    const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',')
    while (isTrusted(ip)) {
      const before = plain(forwarded.pop()?.trim() ?? '')
      if (isIP(before) === 0) return ip
      ip = before
    }
    return ip
  }
}

/** IPv4 as sockets of both kinds show it. */
const plain = (address: string) => (address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address)
