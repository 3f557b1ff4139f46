import { formatUnits } from 'ethers'

const GROUPS = new Intl.NumberFormat('en-US', { maximumFractionDigits: 9 })

/** With commas between the thousands. */
export const grouped = (value: number | bigint | string) => GROUPS.format(BigInt(value))

/** Of wei; all digits. */
export const ether = (wei: bigint | string) => `${shortened(formatUnits(BigInt(wei), 18))} ETH`
export const gwei = (wei: bigint | string) => `${shortened(formatUnits(BigInt(wei), 9))} gwei`

/** Without the zero after the point, with commas before it. */
function shortened(decimal: string): string {
  const [whole, fraction = '0'] = decimal.split('.')
  return fraction === '0' ? grouped(whole!) : `${grouped(whole!)}.${fraction}`
}

/** The same for tables: at most six digits after the point, and small amounts in a smaller unit. */
export function shortEther(wei: bigint | string): string {
  const value = BigInt(wei)
  if (value === 0n) return '0'
  if (value < 10n ** 6n) return `${grouped(value)} wei`
  if (value < 10n ** 12n) return `${shortened(formatUnits(value - (value % 1000n), 9))} gwei`
  return ether(value - (value % 10n ** 12n))
}

/** First and last digits: enough to tell one from the other. */
export const abbreviated = (hex: string) => (hex.length <= 12 ? hex : `${hex.slice(0, 6)}…${hex.slice(-4)}`)

/** `12 s`, `4 min`, `3 h`, `2 d`. page.js has the same. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.floor(seconds))} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`
}
