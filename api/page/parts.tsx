import type { Child, FC } from 'hono/jsx'
import type { Address, Hash, Hex } from '#protocol/primitives.ts'
import { abbreviated, duration, grouped } from './text.ts'

/** Of a moment in seconds; the page keeps it current. */
export const Age: FC<{ at: number | Hex }> = ({ at }) => {
  const seconds = Number(at)
  return (
    <time datetime={new Date(seconds * 1000).toISOString()} data-at={seconds}>
      {duration(Date.now() / 1000 - seconds)}
    </time>
  )
}

/** The same, for texts. */
export const Ago: FC<{ at: number | Hex }> = ({ at }) =>
  Number(at) === 0 ? (
    <span class="ago">long ago</span>
  ) : (
    <span class="ago">
      <Age at={at} /> ago
    </span>
  )

const Mono: FC<{ text: string; isWhole?: boolean | undefined }> = ({ text, isWhole = false }) => (
  <code title={text}>{isWhole ? text : abbreviated(text)}</code>
)

type LinkProps<T> = { isWhole?: boolean | undefined } & T

export const TxLink: FC<LinkProps<{ hash: Hash }>> = ({ hash, isWhole }) => (
  <a href={`/tx/${hash}`}>
    <Mono text={hash} isWhole={isWhole} />
  </a>
)
export const AddressLink: FC<LinkProps<{ address: Address }>> = ({ address, isWhole }) => (
  <a href={`/address/${address}`}>
    <Mono text={address} isWhole={isWhole} />
  </a>
)
export const BlockLink: FC<{ number: Hex }> = ({ number }) => (
  <a class="number" href={`/block/${Number(number)}`}>
    {grouped(number)}
  </a>
)
export const BatchLink: FC<{ number: number | Hex }> = ({ number }) => (
  <a class="number" href={`/batch/${Number(number)}`}>
    {grouped(number)}
  </a>
)

/** A value that is wanted whole. */
export const Copyable: FC<{ text: string; children?: Child }> = ({ text, children }) => (
  <span class="copyable">
    {children ?? <code>{text}</code>}
    <button type="button" class="copy" data-copy={text} aria-label={`Copy ${text}`} title="Copy" />
  </span>
)

/** Terms and what they are; what is missing is left out. */
export const Facts: FC<{ rows: readonly (readonly [string, Child] | null | undefined)[] }> = ({ rows }) => (
  <dl class="facts">
    {rows.map(
      (row) =>
        row && (
          <div>
            <dt>{row[0]}</dt>
            <dd>{row[1]}</dd>
          </div>
        ),
    )}
  </dl>
)

export const Card: FC<{ title: string; id?: string; aside?: Child; children?: Child }> = ({
  title,
  id,
  aside,
  children,
}) => (
  <section class="card">
    <header>
      <h2>{title}</h2>
      {aside}
    </header>
    <div id={id}>{children}</div>
  </section>
)

/** A table that may be wider than a phone. Heads that begin with # are of numbers. */
export const Table: FC<{ heads: readonly string[]; empty: string; children: Child[] }> = ({
  heads,
  empty,
  children,
}) =>
  children.length === 0 ? (
    <p class="empty">{empty}</p>
  ) : (
    <section class="scroll" tabindex={0} aria-label={`${heads[0]}s`}>
      <table>
        <thead>
          <tr>
            {heads.map((head) => (
              <th scope="col" class={head.startsWith('#') ? 'amount' : ''}>
                {head.replace('#', '')}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </section>
  )

/** A moment, as age and as date. */
export const When: FC<{ at: Hex | number }> = ({ at }) => (
  <>
    <Ago at={at} />{' '}
    <small>{new Date(Number(at) * 1000).toISOString().replace('T', ' ').replace('.000Z', ' UTC')}</small>
  </>
)

/** Links between the pages of a list. */
export const Pages: FC<{ newer?: string | undefined; older?: string | undefined }> = ({ newer, older }) =>
  newer === undefined && older === undefined ? null : (
    <nav class="pages" aria-label="Pages">
      {newer !== undefined && <a href={newer}>newer</a>}
      {older !== undefined && <a href={older}>older</a>}
    </nav>
  )

/** Rows of a list on one page. */
export const PAGE = 25

/** Of every page. */
export type PageProps = { networkName: string }
