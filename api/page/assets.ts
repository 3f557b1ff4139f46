import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { Hono } from 'hono'

const TYPES = {
  'page.css': 'text/css',
  'page.js': 'text/javascript',
  'icon.svg': 'image/svg+xml',
  'copy.svg': 'image/svg+xml',
  'copied.svg': 'image/svg+xml',
} as const

/** Files that pages load, each with a tag by which browsers ask whether theirs is still the same. */
export function createAssets(): Hono {
  const app = new Hono()
  for (const [name, type] of Object.entries(TYPES)) {
    const content = readFileSync(new URL(`assets/${name}`, import.meta.url))
    const etag = `"${createHash('sha256').update(content).digest('base64url').slice(0, 16)}"`
    const headers = { etag, 'cache-control': 'no-cache', 'x-content-type-options': 'nosniff', 'content-type': type }
    app.get(`/${name}`, (c) =>
      c.req.header('if-none-match') === etag
        ? new Response(null, { status: 304, headers })
        : new Response(content, { headers }),
    )
  }
  return app
}
