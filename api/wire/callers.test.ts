import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { rpcSchema } from '#config/rpc.ts'
import { createCallers } from './callers.ts'

const from = (remoteAddress: string) => ({ socket: { remoteAddress }, headers: {} }) as unknown as IncomingMessage

test('the addresses of one IPv6 network share a rate, others have their own', () => {
  const identify = createCallers(rpcSchema.parse({ rateLimit: { perIp: 0.001, burst: 1 } }), () => undefined)
  const isLimited = (ip: string) => identify(from(ip)).spend(1) > 0
  expect(isLimited('2001:db8::1')).toBe(false)
  expect(isLimited('2001:db8:0:0:5:6:7:8')).toBe(true)
  expect(isLimited('2001:db8:0:1::1')).toBe(false)
  expect(isLimited('::1')).toBe(false)
  expect(isLimited('1.2.3.4')).toBe(false)
  expect(isLimited('::ffff:1.2.3.4')).toBe(true)
})

test('without limits nobody is counted', () => {
  const identify = createCallers(rpcSchema.parse({ rateLimit: { enabled: false, burst: 1 } }), () => undefined)
  expect([1, 2, 3].map(() => identify(from('1.2.3.4')).spend(200))).toEqual([0, 0, 0])
})
