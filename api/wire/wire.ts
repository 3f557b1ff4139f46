import type { Config } from '#config/schema.ts'
import type { ApiKeys } from './apiKeys.ts'
import { type AppDeps, createApp } from './app.ts'
import { createCallers } from './callers.ts'
import { closeServer, listenHttp } from './httpServer.ts'
import { serveWebSocket } from './webSocket.ts'

/** Ports that serve JSON-RPC. `close` lets running requests end within the grace time. */
export type Wire = { port: number; wsPort: number | undefined; close: () => Promise<void> }

/** Opens the port for HTTP and WebSocket, and the one for WebSocket alone when there is one. */
export async function openWire(
  deps: Omit<AppDeps, 'identify' | 'limits'> & { rpc: Config['rpc']; findKey: ApiKeys['find'] },
): Promise<Wire> {
  const { rpc, findKey } = deps
  const served = { ...deps, limits: rpc, identify: createCallers(rpc, findKey) }
  const app = createApp(served)
  const main = await listenHttp(app, rpc)
  const own = rpc.ws.port === undefined ? undefined : await listenHttp(app, { host: rpc.host, port: rpc.ws.port })
  const servers = [main, own].flatMap((each) => each?.server ?? [])
  const closeSockets = serveWebSocket(servers, served)
  return {
    port: main.port,
    wsPort: own?.port,
    close: async () => {
      closeSockets()
      deps.findPages?.()?.close()
      await Promise.all(servers.map((server) => closeServer(server, rpc.drainMs)))
    },
  }
}
