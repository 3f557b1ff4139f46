import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TransferSigner } from '#bench/transfers.ts'
import { encodeRawTransaction } from '#protocol/transaction.ts'
import { L1Chain, type L1Node } from '#test/l1Chain.ts'
import { createTestDatabase, type TestDatabase } from '#test/postgres.ts'
import { CHAIN_ID } from '#test/sequencing.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

let l1: L1Chain
let node: L1Node
let database: TestDatabase
let folder: string

/** Six batches on L1, all verified, and the configuration of a node that follows. */
beforeAll(async () => {
  const signer = new TransferSigner(CHAIN_ID)
  l1 = await L1Chain.start(signer.senders)
  database = await createTestDatabase()
  node = await l1.openNode(database.url)
  await node.poll()
  const deployment = [encodeRawTransaction(signer.deployment.transaction)]
  await l1.makeBatches(node, deployment, { firstBatch: 2, transactions: 1 })
  await l1.makeBatches(node, signer.sign('eth', 8), { firstBatch: 3, transactions: 2 })
  await l1.sequence(node, 6, 2)
  await l1.verify(node, 1, 6)
  await node.poll()
  folder = mkdtempSync(join(tmpdir(), 'zknode-repair-'))
  const { rollupManager, rollup, globalExitRoot, pol, rollupId, l1StartBlock } = l1.deployment
  const config = {
    role: 'permissionless',
    network: {
      ...{ chainId: CHAIN_ID, l1ChainId: 1337, rollupId, l1StartBlock, genesisFile: 'genesis.json' },
      ...{ contracts: { rollupManager, rollup, globalExitRoot, pol }, verifier: 'mock' },
    },
    database: { url: database.url },
    l1: { rpcUrl: l1.url },
  }
  writeFileSync(join(folder, 'zknode.yaml'), JSON.stringify(config))
  const away = { ...config, database: { url: 'postgres://127.0.0.1:1/away' } }
  writeFileSync(join(folder, 'away.yaml'), JSON.stringify(away))
}, 120_000)
afterAll(async () => {
  await node?.close()
  await l1?.stop()
  await database?.drop()
  if (folder) rmSync(folder, { recursive: true })
})

async function zknode(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { ZKNODE_CONFIG: _, ...env } = process.env
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, ...args], { cwd: folder, env })
  const [[code], out, err] = await Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
  return { code, out, err }
}

test('a comparison with L1 and a repair, as an operator types them', async () => {
  const agreed = await zknode('verify', '--from-l1')
  expect(agreed).toMatchObject({ code: 0, err: '' })
  expect(agreed.out).toMatch(/^L1 blocks \d+ to \d+: 6 sequenced batches, 1 verifications, .*\nNo difference\.\n$/)

  await node.db.execute(sql`update state.batches set batch_l2_data = '\\x00' where batch_number = 5`)
  const differing = await zknode('verify', '--from-l1', '--json')
  expect(differing.code).toBe(1)
  expect(JSON.parse(differing.out).differences[0]).toMatchObject({ what: 'batch 5', field: 'hash of batchL2Data' })
  expect((await zknode('verify', '--from-l1', '--to-batch', '1')).code).toBe(0)

  const planned = await zknode('resync', '--from-batch', '5', '--dry-run')
  expect(planned.out.split('\n').slice(0, 1)).toEqual(['Batches 5 to 6 go: 2 blocks, 4 transactions.'])
  expect(planned.out).toContain('Nothing is changed: this was a dry run.')
  const done = await zknode('resync', '--from-batch', '5', '--json')
  expect(JSON.parse(done.out)).toMatchObject({ done: true, plan: { fromBatch: 5, toBatch: 6, fromL1: { toBatch: 6 } } })
  await node.close()
  node = await l1.openNode(database.url)
  await node.poll()
  expect((await zknode('verify', '--from-l1')).code).toBe(0)
}, 240_000)

test('wrong usage is one line and exit code 2', async () => {
  expect(await zknode('verify')).toMatchObject({
    ...{ code: 2, out: '', err: 'Say what to compare with: --from-l1 or --against URL.\n' },
  })
  expect((await zknode('resync', '--from-batch', '0')).err).toContain('It is the number of a batch, from 1 on.')
  const away = await zknode('verify', '--against', 'http://127.0.0.1:1')
  expect(away).toMatchObject({ code: 1, out: '' })
  expect(away.err).toMatch(/^The node does not answer as JSON-RPC does\..*\n$/)
}, 120_000)

test('a snapshot that cannot be made or read is one line, without a stack', async () => {
  const file = join(folder, 'zknode.yaml')
  const reasons = [
    [['create', '--out', 'new', '--config', 'away.yaml'], 'The database does not answer as it should.'],
    [['create', '--out', file], 'The folder of the snapshot cannot be used.'],
    [['verify', '--from', file], 'There is no snapshot'],
  ] as const
  for (const [args, reason] of reasons) {
    const { code, out, err } = await zknode('snapshot', ...args)
    expect({ code, out, lines: err.trimEnd().split('\n') }).toEqual({
      ...{ code: 1, out: '', lines: [expect.stringContaining(reason)] },
    })
  }
}, 120_000)
