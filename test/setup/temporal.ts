import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { TestProject } from 'vitest/node'
import { startGuardian } from '#devnet/guardian.ts'
import { choosePort } from '#devnet/ports.ts'
import { obtainTemporal } from '#devnet/temporalBinary.ts'
import { readTemporalSettings, temporalArguments, waitForTemporal } from '#devnet/temporalServer.ts'
import { shared } from './shared.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    /** host:port */
    temporalAddress: string
  }
}

/** One Temporal development server for the whole run, in memory; TEMPORAL_ADDRESS names another. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await shared('temporal', startServer)
  project.provide('temporalAddress', server.value)
  return server.release
}

async function startServer() {
  const given = process.env['TEMPORAL_ADDRESS']
  if (given) return { value: given, stop: async () => {} }
  let reportedAt = 0
  const report = (progress: string) => {
    if (Date.now() - reportedAt < 15_000) return
    reportedAt = Date.now()
    console.log(`Getting the Temporal server, once for this user: ${progress}`)
  }
  const command = await obtainTemporal({ report })
  const settings = readTemporalSettings()
  const port = await choosePort()
  const guardian = startGuardian()
  const child = spawn(command, temporalArguments(settings, { port }), {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let output = ''
  child.stderr.on('data', (chunk) => {
    output = (output + chunk).slice(-4000)
  })
  const exited = once(child, 'exit')
  if (child.pid === undefined) throw (await once(child, 'error'))[0]
  guardian.watch(child.pid, 'SIGTERM')
  const value = `127.0.0.1:${port}`
  const died = exited.then(() => Promise.reject(new Error(`Temporal ended: ${output}`)))
  await Promise.race([waitForTemporal(value, settings.namespace), died])
  died.catch(() => {})
  return {
    value,
    stop: async () => {
      child.kill('SIGTERM')
      await exited
    },
  }
}
