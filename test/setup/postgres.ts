import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { startGuardian } from '#devnet/guardian.ts'
import { choosePort } from '#devnet/ports.ts'
import { postgresUrl, preparePostgres, THROW_AWAY, waitForPostgres } from '#devnet/postgresServer.ts'
import { shared } from './shared.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** URL of a database whose server the tests may create databases on. */
    postgresUrl: string
  }
}

/** One Postgres for the whole run, in a temporary folder; also gone when the run is killed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await shared('postgres', startThrowAwayPostgres)
  project.provide('postgresUrl', server.value)
  return server.release
}

/** A server in a temporary folder, or the one of ZKNODE_TEST_DATABASE_URL; `value` is its URL. */
export async function startThrowAwayPostgres() {
  const given = process.env['ZKNODE_TEST_DATABASE_URL']
  if (given) return { value: given, pid: undefined, stop: async () => {} }
  const folder = mkdtempSync(join(tmpdir(), 'zknode-test-'))
  chmodSync(folder, 0o711)
  const guardian = startGuardian()
  guardian.removeAtEnd(folder)
  const cluster = await preparePostgres(join(folder, 'postgres'))
  const port = await choosePort()
  const { command, args, options } = cluster.server(port, THROW_AWAY)
  const child = spawn(command, args, { ...options, detached: true, stdio: ['ignore', 'ignore', 'pipe'] })
  let output = ''
  child.stderr.on('data', (chunk) => {
    output = (output + chunk).slice(-4000)
  })
  const exited = once(child, 'exit')
  if (child.pid === undefined) throw (await once(child, 'error'))[0]
  guardian.watch(child.pid, 'SIGINT')
  const value = postgresUrl(cluster, port, 'postgres')
  const died = exited.then(() => Promise.reject(new Error(`Postgres ended: ${output}`)))
  await Promise.race([waitForPostgres(value), died])
  died.catch(() => {})
  return {
    value,
    pid: child.pid,
    stop: async () => {
      child.kill('SIGINT')
      await exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
