type Server<T> = { value: T; stop: () => Promise<void> }
type Entry = { users: number; server: Promise<Server<unknown>> }

// Vitest loads this module once per project: only the global object is common to them.
const place = globalThis as { [key: symbol]: Map<string, Entry> | undefined }
const key = Symbol.for('zknode.testServers')
place[key] ??= new Map()
const registry = place[key]

/** One server for all Vitest projects of a run: started by the first that asks, stopped when the last has released it. */
export async function shared<T>(
  name: string,
  start: () => Promise<Server<T>>,
): Promise<{ value: T; release: () => Promise<void> }> {
  const entry = registry.get(name) ?? { users: 0, server: start() }
  registry.set(name, entry)
  entry.users += 1
  const server = (await entry.server) as Server<T>
  return {
    value: server.value,
    release: async () => {
      entry.users -= 1
      if (entry.users > 0) return
      registry.delete(name)
      await server.stop()
    },
  }
}
