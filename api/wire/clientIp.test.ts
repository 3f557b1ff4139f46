import type { IncomingMessage } from 'node:http'
import { expect, test } from 'vitest'
import { createClientIp } from './clientIp.ts'

const clientIp = createClientIp(['10.0.0.0/8', 'fd00::1'])
const request = (remoteAddress: string, forwarded?: string) =>
  ({ socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } }) as unknown as IncomingMessage

test.each([
  ['1.2.3.4', '5.6.7.8', '1.2.3.4'],
  ['10.0.0.1', undefined, '10.0.0.1'],
  ['10.0.0.1', '5.6.7.8', '5.6.7.8'],
  ['::ffff:10.0.0.1', '9.9.9.9, 5.6.7.8, 10.0.0.2', '5.6.7.8'],
  ['fd00::1', '2001:db8::1', '2001:db8::1'],
  ['10.0.0.1', 'nonsense', '10.0.0.1'],
])('%s with X-Forwarded-For %s is %s', (peer, forwarded, ip) => {
  expect(clientIp(request(peer, forwarded))).toBe(ip)
})
