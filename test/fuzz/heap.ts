import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { WebSocket } from 'ws'

/** Measures, in MB, what the heap of a process keeps after a full garbage collection. It runs with --inspect=127.0.0.1:0. */
export async function openHeap(child: ChildProcess): Promise<{ measure: () => Promise<number>; close: () => void }> {
  const socket = new WebSocket(await findInspector(child))
  await once(socket, 'open')
  let id = 0
  async function ask(method: string): Promise<Record<string, number>> {
    id += 1
    const asked = id
    socket.send(JSON.stringify({ id, method }))
    for (;;) {
      const [data] = await once(socket, 'message')
      const answer = JSON.parse(String(data))
      if (answer.id === asked) return answer.result
    }
  }
  return {
    async measure() {
      await ask('HeapProfiler.collectGarbage')
      const { usedSize } = await ask('Runtime.getHeapUsage')
      return usedSize! / 1e6
    },
    close: () => socket.close(),
  }
}

async function findInspector(child: ChildProcess): Promise<string> {
  let output = ''
  for await (const part of child.stderr!) {
    output += String(part)
    const url = /ws:\/\/\S+/.exec(output)?.[0]
    if (url === undefined) continue
    return url
  }
  throw new Error('the process has no inspector')
}
