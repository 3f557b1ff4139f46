import type { Child, FC } from 'hono/jsx'

type Props = { title: string; networkName: string; search?: string; refreshSeconds?: number; children?: Child }

/** What all pages have. */
export const Layout: FC<Props> = ({ title, networkName, search = '', refreshSeconds, children }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      {refreshSeconds !== undefined && <meta http-equiv="refresh" content={String(refreshSeconds)} />}
      <title>{`${title} · ${networkName}`}</title>
      <link rel="icon" href="/assets/icon.svg" type="image/svg+xml" />
      <link rel="stylesheet" href="/assets/page.css" />
      <script src="/assets/page.js" defer />
    </head>
    <body>
      <header class="top">
        <a class="brand" href="/">
          <img src="/assets/icon.svg" alt="" width="24" height="24" />
          {networkName}
        </a>
        <search>
          <form class="search" action="/search">
            <input
              name="q"
              value={search}
              aria-label="Search"
              placeholder="Block, transaction, address, or “batch 12”"
              autocomplete="off"
              spellcheck={false}
              required
            />
            <button type="submit">Search</button>
          </form>
        </search>
      </header>
      <main>{children}</main>
    </body>
  </html>
)

/** What there is to say instead of what was asked for. */
export const Notice: FC<Props & { hint?: Child }> = ({ hint, children, ...layout }) => (
  <Layout {...layout}>
    <section class="notice">
      <h1>{layout.title}</h1>
      <p>{children}</p>
      {hint}
      <p>
        <a href="/">The network</a>
      </p>
    </section>
  </Layout>
)
