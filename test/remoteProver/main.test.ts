import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, expect, test } from 'vitest'
import { pickClaims } from '#prover/claims.ts'
import { decodeAttestationProof } from '#prover/proofCodec.ts'
import { ATTESTERS, DOMAIN } from '../proofs.ts'
import { RemoteHarness, watchedControl } from './harness.ts'
import { proveSmallChain } from './provenChain.ts'

const SCRIPT = fileURLToPath(new URL('./main.ts', import.meta.url))
/** Whose address is the first of ATTESTERS. */
const KEY_NUMBER = 4

let harness: RemoteHarness | undefined
const processes: ChildProcess[] = []
afterEach(async () => {
  for (const process of processes.splice(0)) process.kill('SIGKILL')
  await harness?.close()
  harness = undefined
})

function run(...options: string[]): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  processes.push(child)
  return child
}

test('as a process of its own: killed in mid-proof and started again, it proves; SIGTERM ends it', async () => {
  const chain = await proveSmallChain()
  harness = await RemoteHarness.start({ aside: { baseMs: 1, maximumMs: 1 } })
  const { prover, port } = harness.server
  const key = `0x${KEY_NUMBER.toString(16).padStart(64, '0')}`
  const options = ['--server', `127.0.0.1:${port}`, '--id', 'p1', '--key', key, '--verifier', DOMAIN.verifier]
  const first = run(...options, '--work-ms', '3600000')
  const control = watchedControl()
  const dropped = prover.proveBatch(chain.batches[0], control)
  await control.assigned
  first.kill('SIGKILL')
  await expect(dropped).rejects.toThrow('reason=Dropped its stream in mid-proof.')

  const second = run(...options)
  const proof = decodeAttestationProof(await prover.proveBatch(chain.batches[0], watchedControl()))
  expect(pickClaims(proof)).toEqual(chain.claims[0])
  expect(proof.attestations).toMatchObject([{ attester: ATTESTERS[0]!.address }])
  second.kill('SIGTERM')
  expect(await once(second, 'exit')).toEqual([0, null])
  await harness.when('p1', ({ state }) => state === 'gone')
})

test('an unknown misbehaviour is named, with those that there are', async () => {
  const started = promisify(execFile)(process.execPath, [
    '--import',
    'tsx',
    SCRIPT,
    '--mode',
    'fixed',
    '--misbehave',
    'dance',
  ])
  await expect(started).rejects.toThrow('No such misbehaviour: dance. There are slow, hang, wrong-fork,')
})
