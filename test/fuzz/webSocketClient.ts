import { once } from 'node:events'
import { WebSocket } from 'ws'
import { faultOf } from './answers.ts'
import type { Random } from './random.ts'

/** Requests of one connection, sent without waiting; a last one tells that the others were answered. */
export type WebSocketFuzz = { send: (messages: readonly string[]) => Promise<string[]> }

const PATIENCE_MS = 60_000
const LAST = JSON.stringify({ jsonrpc: '2.0', id: 'last', method: 'eth_chainId' })

/** Opens a connection, sends all messages and gives what is wrong with the answers. Some connections end rudely. */
export function createWebSocketFuzz(url: string, random: Random): WebSocketFuzz {
  return {
    async send(messages) {
      const socket = new WebSocket(url)
      socket.on('error', () => {})
      await once(socket, 'open')
      const faults: string[] = []
      const answered = new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new Error('no answer in time')), PATIENCE_MS)
        const end = () => {
          clearTimeout(timer)
          resolve()
        }
        socket.on('close', end)
        socket.on('message', (data) => {
          const text = String(data)
          const fault = faultOf(text)
          if (fault !== undefined) faults.push(fault)
          if (text.includes('"id":"last"')) end()
        })
      })
      for (const message of messages) {
        if (random.happens(0.95)) socket.send(message)
        else if (random.happens(0.5)) socket.send(Buffer.from(message))
        else {
          socket.send(message.slice(0, 10), { fin: false })
          socket.send(message.slice(10))
        }
      }
      if (random.happens(0.1)) {
        socket.terminate()
        return faults
      }
      socket.send(LAST)
      await answered
      socket.close()
      return faults
    },
  }
}
