import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, credentials } from '@grpc/grpc-js'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createAuthority } from '#test/certificates.ts'
import { fixedWork } from '#test/remoteProver/fixedWork.ts'
import { RemoteHarness, watchedControl } from '#test/remoteProver/harness.ts'
import { type ProvenChain, proveSmallChain } from '#test/remoteProver/provenChain.ts'
import { AggregatorServerError } from './aggregatorServer.ts'

let chain: ProvenChain
beforeAll(async () => {
  chain = await proveSmallChain()
})
let harness: RemoteHarness
afterEach(() => harness.close())

test('a proof of 50 MB goes both ways', async () => {
  harness = await RemoteHarness.start({ verifier: { kind: 'fflonk' } })
  const large = 'p'.repeat(50_000_000)
  const work = { ...fixedWork, batch: async () => large, aggregated: async (one: string) => `${one.length}` }
  harness.dial('p1', { work })
  const proof = await harness.server.prover.proveBatch(chain.batches[0], watchedControl())
  expect(proof === large).toBe(true)
  const { prover } = harness.server
  expect(await prover.aggregate({ ...chain.aggregation, proofs: [proof, 'x'] }, watchedControl())).toBe('50000000')
})

test('a mock prover goes through batch, aggregated and final proof; the final proof is as the State DB has it', async () => {
  harness = await RemoteHarness.start({ verifier: { kind: 'mock' } })
  harness.dial('mock', { work: fixedWork, wrongWork: fixedWork })
  const { prover } = harness.server
  const proofs = [
    await prover.proveBatch(chain.batches[0], watchedControl()),
    await prover.proveBatch(chain.batches[1], watchedControl()),
  ] as const
  const run = await prover.aggregate({ ...chain.aggregation, proofs }, watchedControl())
  expect([...proofs, run]).toEqual([...Array(2).fill('1'.repeat(40)), '2'.repeat(40)])
  const final = await prover.finalize({ ...chain.final, proof: run }, watchedControl())
  expect(final.publicInputs).toEqual(chain.joined)
  expect(final.words.map(Number)).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
  expect(harness.find('mock')).toMatchObject({ proved: 4, failed: 0, reason: undefined })
})

test('health: it serves', async () => {
  harness = await RemoteHarness.start()
  const client = new Client(`127.0.0.1:${harness.server.port}`, credentials.createInsecure())
  const ask = (path: string) => [path, (bytes: Buffer) => bytes, (bytes: Buffer) => bytes.toString('hex')] as const
  const checked = new Promise((resolve, reject) => {
    client.makeUnaryRequest(...ask('/grpc.health.v1.Health/Check'), Buffer.alloc(0), (error, response) =>
      error === null ? resolve(response) : reject(error),
    )
  })
  expect(await checked).toBe('0801') // field 1: SERVING
  const watching = client.makeServerStreamRequest(...ask('/grpc.health.v1.Health/Watch'), Buffer.alloc(0))
  watching.on('error', () => {}) // it ends with the server
  expect(await new Promise((resolve) => watching.once('data', resolve))).toBe('0801')
  client.close()
})

test('a port that is taken is named', async () => {
  harness = await RemoteHarness.start()
  const { port } = harness.server
  const second = RemoteHarness.start({ port })
  await expect(second).rejects.toThrow(AggregatorServerError)
  await expect(second).rejects.toThrow(`The port for provers cannot be had. host=127.0.0.1 port=${port}`)
})

describe('over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'zknode-tls-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const file = (name: string, content: string): string => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const ours = createAuthority('provers')
  const server = ours.issue('aggregator')
  const tls = {
    certFile: file('server.pem', server.certificate),
    keyFile: file('server.key', server.key),
    clientCaFile: file('clients.pem', ours.certificate),
  }
  const clientOf = ({ certificate, key }: { certificate: string; key: string }) =>
    credentials.createSsl(Buffer.from(ours.certificate), Buffer.from(key), Buffer.from(certificate))

  test('a prover with a certificate of our authority is let in and works', async () => {
    harness = await RemoteHarness.start({ tls })
    harness.dial('p1', { credentials: clientOf(ours.issue('p1')) })
    expect(await harness.server.prover.proveBatch(chain.batches[0], watchedControl())).toContain('"attestation"')
  })

  test.each([
    ['without a certificate', credentials.createSsl(Buffer.from(ours.certificate))],
    ['with one of another authority', clientOf(createAuthority('somebody else').issue('p1'))],
    ['without TLS', credentials.createInsecure()],
  ])('a prover %s is not let in', async (_, clientCredentials) => {
    harness = await RemoteHarness.start({ tls })
    const client = new Client(`127.0.0.1:${harness.server.port}`, clientCredentials)
    const refused = new Promise<string>((resolve) => {
      const call = client.makeUnaryRequest(
        '/grpc.health.v1.Health/Check',
        (bytes: Buffer) => bytes,
        (bytes: Buffer) => bytes.toString('hex'),
        Buffer.alloc(0),
        (error, response) => resolve(error === null ? `let in: ${response}` : `code ${error.code}`),
      )
      call.on('error', () => {})
    })
    expect(await refused).toBe('code 14') // unavailable
    client.close()
    expect(harness.server.list()).toEqual([])
  })

  test('only the server shows one when no authority for clients is given', async () => {
    harness = await RemoteHarness.start({ tls: { ...tls, clientCaFile: undefined } })
    harness.dial('p1', { credentials: credentials.createSsl(Buffer.from(ours.certificate)) })
    expect(await harness.server.prover.proveBatch(chain.batches[0], watchedControl())).toContain('"attestation"')
  })

  test('a certificate that cannot be read is named', async () => {
    const missing = RemoteHarness.start({ tls: { ...tls, keyFile: '/no/such/key' } })
    await expect(missing).rejects.toThrow('A certificate for provers cannot be read.')
    await expect(missing).rejects.toThrow('keyFile=/no/such/key')
  })
})
