import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Client, Connection } from '@temporalio/client'
import { NativeConnection, Worker } from '@temporalio/worker'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { AcceptanceActivities } from '#activities/acceptance.ts'
import type { ProofJobActivities } from '#activities/proofJobs.ts'
import type { ProverConfigInput } from '#config/schema.ts'
import { listAttempts } from '#db/attempts.ts'
import type { Database } from '#db/client.ts'
import { createDatabaseObjectStore } from '#db/objects.ts'
import { attempts, provers, objects as storedObjects } from '#db/proofSchema.ts'
import { listProvers } from '#db/provers.ts'
import { assertSigned } from '#prover/attestation.ts'
import { signClaims } from '#prover/attestations.ts'
import { joinJobId } from '#prover/jobs.ts'
import type { ObjectStore } from '#prover/objectStore.ts'
import { decodeAttestationProof, encodeProof } from '#prover/proofCodec.ts'
import { getProofText, putProofText } from '#prover/proofTexts.ts'
import { createAttester } from '#prover/signature.ts'
import type { Claims } from '#prover/types.ts'
import { addressOf, hashOf } from '#test/blocks.ts'
import { openTestDatabase } from '#test/database.ts'
import { claimsOf, DOMAIN } from '#test/proofs.ts'
import { createProverRole } from '#test/proverRole.ts'
import { createTestNamespace } from '#test/temporal.ts'
import { proofState, TASK_QUEUE } from '#workflows/messages.ts'
import type { proofWorkflow } from '#workflows/proof.ts'
import type { Neighbours, ProofRange } from '#workflows/proofJobs.ts'
import { buildWorkflowBundle } from './workflowBundle.ts'

const KEY = `0x${'22'.repeat(32)}` as const
const attester = createAttester(KEY)
const folder = mkdtempSync(join(tmpdir(), 'zknode-prover-'))
const root = fileURLToPath(new URL('..', import.meta.url))

let db: Database
let objects: ObjectStore
let role: Awaited<ReturnType<typeof createProverRole>>
let closeDatabase: () => Promise<void>
let client: Client
let workflows: Worker
let running: Promise<void>
let connections: { close: () => Promise<void> }[]
let prover: ChildProcess

beforeAll(async () => {
  const database = await openTestDatabase()
  ;({ db, close: closeDatabase } = database)
  objects = createDatabaseObjectStore(db)
  role = await createProverRole(database)
  const { address, namespace } = await createTestNamespace()
  const config: ProverConfigInput = {
    network: {
      ...{ chainId: 1000, l1ChainId: DOMAIN.l1ChainId, l1StartBlock: 0, genesisFile: 'genesis.json' },
      contracts: {
        ...{ rollupManager: addressOf(1), rollup: addressOf(2), globalExitRoot: addressOf(3), pol: addressOf(4) },
        verifier: DOMAIN.verifier,
      },
    },
    proofStore: { url: role.url },
    temporal: { address, namespace },
    keys: { attester: 'env:TEST_ATTESTER_KEY' },
    ops: { port: 0 },
  }
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config))
  const native = await NativeConnection.connect({ address })
  const connection = await Connection.connect({ address })
  connections = [native, connection]
  client = new Client({ connection, namespace })
  const workflowBundle = { codePath: await buildWorkflowBundle() }
  const common = { connection: native, namespace, taskQueue: TASK_QUEUE.batch, workflowBundle }
  workflows = await Worker.create({ ...common, activities: node })
  running = workflows.run()
})
afterAll(async () => {
  workflows?.shutdown()
  await running
  for (const connection of connections ?? []) await connection.close()
  await role?.drop()
  await closeDatabase?.()
  rmSync(folder, { recursive: true })
})
beforeEach(async () => {
  for (const table of [attempts, provers, storedObjects]) await db.delete(table)
})
afterEach(() => void prover?.kill('SIGKILL'))

/** What the node does around a job. */
const node: Pick<ProofJobActivities & AcceptanceActivities, 'prepareJoinedProof' | 'acceptJoinedProof'> = {
  prepareJoinedProof: async (join) => ({ ...join, proofId: joinJobId(join), claims: claimsOf(7, 8) }),
  acceptJoinedProof: async () => {},
}

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

async function putBatchProof(claims: Claims): Promise<ProofRange> {
  const [fromBatch, toBatch] = [claims.oldBatchNumber + 1, claims.newBatchNumber]
  const proofId = `batch-${toBatch}-r1-${Math.random()}`
  await putProofText(objects, proofId, encodeProof(signClaims(DOMAIN, claims, attester)))
  return { fromBatch, toBatch, proofId }
}

async function join7And8(second: Partial<Claims> = {}) {
  const proofs: Neighbours = [await putBatchProof(claimsOf(7, 7)), await putBatchProof(claimsOf(8, 8, second))]
  const workflowId = `proof-7-8-${Math.random()}`
  return await client.workflow.start<typeof proofWorkflow>('proofWorkflow', {
    ...{ workflowId, taskQueue: TASK_QUEUE.batch, args: [{ proofs }] },
  })
}

test('the prover process takes jobs from its queue, stores what it made and ends on SIGTERM', async () => {
  await startProver('workers/prover.ts')
  const { proofId } = await (await join7And8()).result()
  const proof = decodeAttestationProof(await getProofText(objects, proofId))
  expect(proof).toMatchObject(claimsOf(7, 8))
  expect(() => assertSigned(DOMAIN, proof)).not.toThrow()
  const name = { proverName: 'prover', proverKind: 'embedded', proverId: `prover@${hostname()}` }
  expect(await listAttempts(db)).toMatchObject([{ jobId: proofId, ...name, attempt: 1, outcome: 'proved' }])
  await expect.poll(() => listProvers(db)).toMatchObject([{ name: 'prover', state: 'idle', proved: 1 }])
  const ended = once(prover, 'exit')
  const asked = Date.now()
  prover.kill('SIGTERM')
  expect((await ended)[0]).toBe(0)
  expect(Date.now() - asked).toBeLessThan(5000)
  expect(await listProvers(db)).toMatchObject([{ state: 'gone', reason: 'shut down' }])
})

test('a refusal ends the job at the first attempt', async () => {
  await startProver('workers/prover.ts')
  const workflow = await join7And8({ oldStateRoot: hashOf(1) })
  await expect.poll(() => workflow.query(proofState), { timeout: 20_000 }).toMatchObject({ status: 'proof-failed' })
  expect((await workflow.query(proofState)).lastError).toContain('field=oldStateRoot')
  expect(await listAttempts(db)).toMatchObject([{ attempt: 1, outcome: 'refused' }])
  await workflow.terminate()
})

test('the dishonest prover of the end-to-end tests works the same way and lies', async () => {
  await startProver('test/tamperingProver.ts', 'newStateRoot')
  const { proofId } = await (await join7And8()).result()
  const proof = decodeAttestationProof(await getProofText(objects, proofId))
  expect(proof.newStateRoot).not.toBe(claimsOf(7, 8).newStateRoot)
  expect(() => assertSigned(DOMAIN, proof)).not.toThrow()
})
