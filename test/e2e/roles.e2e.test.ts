import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { testMainJob } from '#test/mainJob.ts'
import { until } from '#test/network.ts'
import { type RolesNetwork, startRolesNetwork } from '#test/rolesNetwork.ts'

let node: RolesNetwork
beforeAll(async () => {
  node = await startRolesNetwork()
})
afterAll(() => node?.stop())

test('no part knows more than its role needs', () => {
  const written = (part: Parameters<RolesNetwork['configOf']>[0]) => readFileSync(node.configOf(part), 'utf8')
  for (const part of ['sequencer', 'synchronizer', 'api-1', 'api-2'] as const)
    expect(written(part)).not.toContain('.key')
  for (const part of ['prover-1', 'prover-2'] as const) expect(written(part)).not.toContain('"database"')
})

testMainJob(() => node)

test('both API processes answer the same', async () => {
  const ask = (url: string) => call<{ hash: Hex }>(url, 'eth_getBlockByNumber', ['0x5', true])
  await until(
    async () => (await Promise.allSettled(node.rpcUrls.map(ask))).every(({ status }) => status === 'fulfilled'),
    60_000,
  )
  const [one, other] = await Promise.all(node.rpcUrls.map(ask))
  expect(one).toEqual(other)
})
