import { connect, type Socket } from 'node:net'

const END_OF_HEADERS = '\r\n\r\n'
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i

/**
 * Sends each body once over so many keep-alive connections, one request at a time on each. It knows just enough of HTTP
 * to cost little beside the server it measures. @throws when an answer has an error in it
 */
export async function sendAll(url: string, bodies: readonly string[], connections: number): Promise<void> {
  const { hostname, port } = new URL(url)
  const queue = bodies.values()
  const client = async () => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true })
    try {
      const receive = answersOf(socket)
      for (const body of queue) {
        const head = `POST / HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/json\r\n`
        socket.write(`${head}content-length: ${Buffer.byteLength(body)}${END_OF_HEADERS}${body}`)
        const answer = await receive()
        if (answer.includes('"error"')) throw new Error(answer.slice(0, 300))
      }
    } finally {
      socket.destroy()
    }
  }
  await Promise.all(Array.from({ length: connections }, client))
}

/** Answers of a connection, one after the other: headers and body as one text. */
function answersOf(socket: Socket): () => Promise<string> {
  let received = ''
  let wait: { resolve: (answer: string) => void; reject: (error: Error) => void } | undefined
  socket.setEncoding('latin1') // a character is a byte
  socket.on('data', (part: string) => {
    received += part
    const bodyAt = received.indexOf(END_OF_HEADERS) + END_OF_HEADERS.length
    if (bodyAt < END_OF_HEADERS.length) return
    const length = Number(CONTENT_LENGTH.exec(received)?.[1])
    if (received.length < bodyAt + length) return
    const answer = received
    received = ''
    wait?.resolve(answer)
  })
  const fail = (error: Error) => wait?.reject(error)
  socket.on('error', fail).on('close', () => fail(new Error('the server closed the connection')))
  return () =>
    new Promise((resolve, reject) => {
      wait = { resolve, reject }
    })
}
