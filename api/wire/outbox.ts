import type { WebSocket } from 'ws'

type Sink = Pick<WebSocket, 'readyState' | 'OPEN' | 'bufferedAmount' | 'send' | 'close'>

const MAX_WAITING_BYTES = 16 * 1024 * 1024
const MAX_WAITING_MESSAGES = 10_000
const TRY_AGAIN_LATER = 1013

/** Sends messages of a connection. A reader that is too far behind is cut off with 1013, try again later. */
export function createOutbox(socket: Sink): (message: string) => void {
  let waiting = 0
  const sent = () => {
    waiting -= 1
  }
  return (message) => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > MAX_WAITING_BYTES || waiting >= MAX_WAITING_MESSAGES) {
      socket.close(TRY_AGAIN_LATER, 'reader is too slow')
      return
    }
    waiting += 1
    socket.send(message, sent)
  }
}
