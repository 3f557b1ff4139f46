import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection, WorkflowFailedError } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { ConfigInput } from '#config/schema.ts'
import type { Database } from '#db/client.ts'
import { findProof, insertProof } from '#db/proofs.ts'
import { proofs } from '#db/schema.ts'
import { assertSigned } from '#prover/attestation.ts'
import { signClaims } from '#prover/attestations.ts'
import { decodeAttestationProof, encodeProof } from '#prover/proofCodec.ts'
import { createAttester } from '#prover/signature.ts'
import type { Claims } from '#prover/types.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { claimsOf, DOMAIN } from '#test/proofs.ts'
import { createTestNamespace } from '#test/temporal.ts'
import { TASK_QUEUE } from '#workflows/messages.ts'
import { buildWorkflowBundle } from './workflowBundle.ts'

const KEY = `0x${'22'.repeat(32)}` as const
const attester = createAttester(KEY)
const folder = mkdtempSync(join(tmpdir(), 'zknode-prover-'))
const root = fileURLToPath(new URL('..', import.meta.url))

let db: Database
let closeDatabase: () => Promise<void>
let client: Client
let workflows: Worker
let running: Promise<void>
let connections: { close: () => Promise<void> }[]
let prover: ChildProcess

beforeAll(async () => {
  const database = await openTestDatabase()
  ;({ db, close: closeDatabase } = database)
  const { address, namespace } = await createTestNamespace()
  const config: ConfigInput = {
    network: {
      ...{ chainId: 1000, l1ChainId: DOMAIN.l1ChainId, l1StartBlock: 0, genesisFile: 'genesis.json' },
      contracts: {
        ...{ rollupManager: addressOf(1), rollup: addressOf(2), globalExitRoot: addressOf(3), pol: addressOf(4) },
        verifier: DOMAIN.verifier,
      },
    },
    database: { url: database.url },
    l1: { rpcUrl: 'http://127.0.0.1:1' },
    temporal: { address, namespace },
    keys: { attester: 'env:TEST_ATTESTER_KEY' },
    aggregator: { address: addressOf(0xa9) },
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  const native = await NativeConnection.connect({ address })
  const connection = await Connection.connect({ address })
  connections = [native, connection]
  client = new Client({ connection, namespace })
  const workflowBundle = { codePath: await buildWorkflowBundle() }
  workflows = await Worker.create({ connection: native, namespace, taskQueue: TASK_QUEUE.batch, workflowBundle })
  running = workflows.run()
})
afterAll(async () => {
  workflows?.shutdown()
  await running
  for (const connection of connections ?? []) await connection.close()
  await closeDatabase?.()
  rmSync(folder, { recursive: true })
})
beforeEach(() => db.delete(proofs))
afterEach(() => void prover?.kill('SIGKILL'))

/** Starts an entry point as an operator would, and waits until it says that it is ready. */
async function startProver(...command: string[]): Promise<void> {
  const env = { ZKNODE_CONFIG: join(folder, 'config.json'), TEST_ATTESTER_KEY: KEY }
  prover = spawn(process.execPath, ['--import', 'tsx', ...command], {
    cwd: root,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  await new Promise<void>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk
      if (output.split('\n').some((line) => line.startsWith('{') && line.includes('"msg":"worker ready"'))) resolve()
    }
    prover.stdout?.on('data', read)
    prover.stderr?.on('data', read)
    prover.once('exit', (code) => reject(new Error(`The prover ended with code ${code}: ${output}`)))
  })
}

async function putBatchProof(claims: Claims): Promise<string> {
  const proofId = `batch-${claims.newBatchNumber}-r1`
  const proof = encodeProof(signClaims(DOMAIN, claims, attester))
  const range = { fromBatch: claims.newBatchNumber, toBatch: claims.newBatchNumber }
  await insertProof(db, { proofId, kind: 'batch', ...range, prover: 'test', proof })
  return proofId
}

async function join7And8(second: Partial<Claims> = {}): Promise<{ proofId: string }> {
  const left = { fromBatch: 7, toBatch: 7, proofId: await putBatchProof(claimsOf(7, 7)) }
  const right = { fromBatch: 8, toBatch: 8, proofId: await putBatchProof(claimsOf(8, 8, second)) }
  const workflowId = `proof-7-8-${Math.random()}`
  return await client.workflow.execute('proofWorkflow', {
    ...{ workflowId, taskQueue: TASK_QUEUE.batch, args: [{ left, right, round: 0 }] },
  })
}

test('the prover process takes jobs from its queue, stores what it made and ends on SIGTERM', async () => {
  await startProver('workers/prover.ts')
  const { proofId } = await join7And8()
  const stored = await findProof(db, proofId)
  expect(stored).toMatchObject({ kind: 'aggregated', fromBatch: 7, toBatch: 8, prover: 'prover', accepted: false })
  const proof = decodeAttestationProof(stored!.proof)
  expect(proof).toMatchObject(claimsOf(7, 8))
  expect(() => assertSigned(DOMAIN, proof)).not.toThrow()
  const ended = once(prover, 'exit')
  const asked = Date.now()
  prover.kill('SIGTERM')
  expect((await ended)[0]).toBe(0)
  expect(Date.now() - asked).toBeLessThan(5000)
})

test('a refusal ends the job by its name at the first attempt', async () => {
  await startProver('workers/prover.ts')
  const refused = join7And8({ oldStateRoot: hashOf(1) })
  await expect(refused).rejects.toThrow(WorkflowFailedError)
  const failure = await refused.catch((error) => error.cause.cause)
  expect(failure).toMatchObject({ type: 'ProofRefusedError' })
  expect(failure.message).toContain('field=oldStateRoot')
})

test('the dishonest prover of the end-to-end tests works the same way and lies', async () => {
  await startProver('test/tamperingProver.ts', 'newStateRoot')
  const { proofId } = await join7And8()
  const proof = decodeAttestationProof((await findProof(db, proofId))!.proof)
  expect(proof.newStateRoot).not.toBe(claimsOf(7, 8).newStateRoot)
  expect(() => assertSigned(DOMAIN, proof)).not.toThrow()
})
