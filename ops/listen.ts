import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer } from '@hono/node-server'
import type { Hono } from 'hono'
import { NodeError } from '#common/errors.ts'
import type { ProcessRole } from '#config/ops.ts'

/** Nobody can ask this process how it is. */
export class OpsPortError extends NodeError {
  override readonly name = 'OpsPortError'
}

const REQUEST_TIMEOUT_MS = 10_000

/** Serves the app; port 0 takes a free one. @throws {OpsPortError} when the port is taken or not to be had */
export async function listenOps(
  app: Hono,
  { role, host, port }: { role: ProcessRole; host: string; port: number },
): Promise<{ port: number; close: () => Promise<void> }> {
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { headersTimeout: REQUEST_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS },
  }) as Server
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    const { code = 'unknown' } = cause as NodeJS.ErrnoException
    const what = code === 'EADDRINUSE' ? 'is taken by another program' : 'cannot be opened'
    throw new OpsPortError(
      `The operations port of ${role} ${what}: set ops.ports.${role}, or ops.port for all processes.`,
      { cause, facts: { host, port, code } },
    )
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
