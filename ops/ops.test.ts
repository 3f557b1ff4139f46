import { setTimeout } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { ProcessRole } from '#config/ops.ts'
import { proverConfigSchema } from '#config/schema.ts'
import { addressOf } from '#test/blocks.ts'
import { OpsPortError } from './listen.ts'
import { createOps, type Ops } from './ops.ts'

const opened: Ops[] = []
afterEach(async () => {
  for (const ops of opened.splice(0)) await ops.close()
})

function opsOf(role: ProcessRole, options: object = { port: 0 }): Ops {
  const config = proverConfigSchema.parse({
    network: {
      ...{ chainId: 1000, l1ChainId: 1, l1StartBlock: 0, genesisFile: 'genesis.json', name: 'testnet' },
      contracts: { rollupManager: addressOf(1), rollup: addressOf(2), globalExitRoot: addressOf(3), pol: addressOf(4) },
    },
    proofStore: { url: 'postgres://prover:secret@db/zknode' },
    temporal: { address: '127.0.0.1:1' }, // nobody there
    ops: options,
  })
  const ops = createOps(role, config)
  opened.push(ops)
  return ops
}

test('a process is asked on its own port from its start on', async () => {
  const ops = opsOf('api')
  const url = `http://127.0.0.1:${await ops.listen()}`
  let isUp = false
  ops.checks.add('process', () => (isUp ? { ok: true } : { ok: false, error: 'node is starting' }))
  expect((await fetch(`${url}/live`)).status).toBe(200)
  expect((await fetch(`${url}/ready`)).status).toBe(503)
  expect((await fetch(`${url}/health`)).status).toBe(200)
  isUp = true
  expect((await fetch(`${url}/ready`)).status).toBe(200)
  expect(await (await fetch(`${url}/config`)).json()).toMatchObject({
    proofStore: { url: 'postgres://prover:***@db/zknode' },
  })
})

test('a process that works for Temporal is not ready while Temporal is away; an API is', async () => {
  const check = async (role: ProcessRole) => (await opsOf(role).checks.check()) as unknown
  const temporal = { ok: false, error: 'no answer from 127.0.0.1:1 for the namespace zknode' }
  expect(await check('prover')).toMatchObject({ status: 'not ready', checks: { temporal } })
  expect(await check('api')).toMatchObject({ status: 'ready', checks: { temporal } })
})

test('a close while Temporal does not answer leaves nothing behind that fails later', async () => {
  const ops = opsOf('prover')
  const asked = ops.temporal.countWorkflows().catch(() => 'away')
  await setTimeout(300)
  await ops.close()
  expect(await asked).toBe('away')
  await setTimeout(1000) // a question asked again would throw here
})

test('what its parts add is told at /status and /metrics', async () => {
  const ops = opsOf('synchronizer')
  ops.addStatus(async () => ({ head: 7 }))
  ops.addStatus(() => Promise.reject(new Error('the database is away')))
  ops.checks.add('l1', () => ({ ok: false, error: 'no endpoint answers' }))
  ops.addMetricsText(async () => 'other_metric 5\n')
  const url = `http://127.0.0.1:${await ops.listen()}`
  const status = (await (await fetch(`${url}/status`)).json()) as object
  expect(status).toMatchObject({
    process: 'synchronizer',
    role: 'sequencer',
    network: 'testnet',
    chainId: 1000,
    head: 7,
  })
  const metrics = await (await fetch(`${url}/metrics`)).text()
  expect(metrics).toMatch(/\nprocess_resident_memory_bytes{role="synchronizer"} \d+\n/)
  expect(metrics).toContain('\nother_metric 5\n')
  expect(metrics).toContain('\nnode_check_ok{check="l1"} 0\n')
})

test('a port that is taken is an error that says how to get another', async () => {
  const port = await opsOf('prover').listen()
  const second = opsOf('sequencer', { port: 9091, ports: { sequencer: port } })
  await expect(second.listen()).rejects.toThrow(OpsPortError)
  await expect(second.listen()).rejects.toThrow(
    `The operations port of sequencer is taken by another program: set ops.ports.sequencer, or ops.port for all processes. host=127.0.0.1 port=${port} code=EADDRINUSE`,
  )
})
