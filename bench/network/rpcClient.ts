import { Agent, request } from 'node:http'

/** Speaks JSON-RPC over keep-alive connections, with as little work a request as Node's HTTP client allows. */
export class RpcClient {
  readonly #agent: Agent
  readonly #target: { host: string; port: string; path: string }

  constructor(url: string, connections: number) {
    const { hostname: host, port, pathname: path } = new URL(url)
    this.#target = { host, port, path }
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /** @throws {Error} with the server's text when it answers with an error. */
  async call<T>(method: string, params: readonly unknown[] = []): Promise<T> {
    const text = await this.post(Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })))
    const answer = JSON.parse(text) as { result: T; error?: { message: string } }
    if (answer.error) throw new Error(`${method}: ${answer.error.message}`)
    return answer.result
  }

  /** The text of the answer to a finished body. */
  post(body: Buffer): Promise<string> {
    return new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'content-length': body.length }
      const sent = request({ ...this.#target, method: 'POST', agent: this.#agent, headers }, (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve(Buffer.concat(chunks).toString()))
        response.on('error', reject)
      })
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // The server closed a connection that had been idle, just when it was wanted again.
        if (sent.reusedSocket && error.code === 'ECONNRESET') this.post(body).then(resolve, reject)
        else reject(error)
      })
      sent.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }
}
