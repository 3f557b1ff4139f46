/** Somebody else's JSON-RPC over HTTP. */
export type JsonRpcTarget = {
  /** For messages: URLs hold keys of providers in path, query or user name. */
  readonly host: string
  post(request: { id: number; method: string; params: readonly unknown[] }, signal: AbortSignal): Promise<Response>
}

/** User name and password in the URL go into a header: fetch refuses them where they stand, in a message that shows them. */
export function jsonRpcTarget(text: string): JsonRpcTarget {
  const url = new URL(text)
  const headers: Record<string, string> = { 'content-type': 'application/json' }
  if (url.username !== '' || url.password !== '') {
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    headers['authorization'] = `Basic ${Buffer.from(user).toString('base64')}`
    url.username = ''
    url.password = ''
  }
  return {
    host: url.host,
    post: (request, signal) =>
      fetch(url, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...request }), signal }),
  }
}
