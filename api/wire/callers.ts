import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import type { Config } from '#config/schema.ts'
import { invalidRequest } from '../errors.ts'
import type { RequestContext } from '../method.ts'
import type { ApiKey, ApiKeys } from './apiKeys.ts'
import { createClientIp } from './clientIp.ts'
import { TokenBuckets } from './tokenBuckets.ts'

/** Who a request is from, and what that caller may do. */
export type Caller = Required<Pick<RequestContext, 'spend'>> & Pick<RequestContext, 'ip' | 'namespaces'>

/** @throws {RpcError} when an API key is missing or wrong */
export type IdentifyCaller = (request: IncomingMessage, pathKey?: string) => Caller

const unlimited = () => 0
const noKey = () => invalidRequest('invalid request: an API key is needed')
const wrongKey = () => invalidRequest('invalid request: the API key is not valid')
const BEARER = /^Bearer +(\S+)$/i

/** Callers by API key when they give one, else by address. Limits hold for one process. */
export function createCallers(
  { rateLimit, trustedProxies, keys: mode }: Pick<Config['rpc'], 'rateLimit' | 'trustedProxies' | 'keys'>,
  findKey: ApiKeys['find'],
): IdentifyCaller {
  const clientIp = createClientIp(trustedProxies)
  const buckets = new TokenBuckets()

  function spendBy(ip: string, key: ApiKey | undefined): Caller['spend'] {
    if (!rateLimit.enabled) return unlimited
    const { perIp, perKey, burst } = rateLimit
    if (key === undefined) {
      const account = networkOf(ip)
      return (cost) => buckets.spend(account, cost, { perSecond: perIp, burst })
    }
    const perSecond = key.ratePerSecond ?? perKey
    return (cost) => buckets.spend(key.id, cost, { perSecond, burst: Math.max(burst, 2 * perSecond) })
  }

  return (request, pathKey) => {
    const ip = clientIp(request)
    if (mode === 'off') return { ip, spend: spendBy(ip, undefined), namespaces: undefined }
    const given = pathKey ?? keyInHeaders(request)
    if (given === undefined && mode === 'required') throw noKey()
    const key = given === undefined ? undefined : findKey(given)
    if (given !== undefined && key === undefined) throw wrongKey()
    return { ip, spend: spendBy(ip, key), namespaces: key?.namespaces }
  }
}

function keyInHeaders({ headers }: IncomingMessage): string | undefined {
  const key = headers['x-api-key']
  return typeof key === 'string' ? key : BEARER.exec(headers.authorization ?? '')?.[1]
}

/** A household or a server has a whole /64 of IPv6. */
export function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip
  const [head, tail] = ip.split('::') as [string, string?]
  const groups = head === '' ? [] : head.split(':')
  const rest = tail ? tail.split(':') : []
  const missing = tail === undefined ? 0 : 8 - groups.length - rest.length
  return [...groups, ...new Array<string>(missing).fill('0'), ...rest].slice(0, 4).join(':')
}
