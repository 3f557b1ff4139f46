const WEI_DIGITS = 18
const SHOWN_DIGITS = 6

/** An amount of ether or POL for people: `0.1`, `12`, `0.000001`; what is smaller is `<0.000001`. */
export function formatAmount(wei: bigint): string {
  const unit = 10n ** BigInt(WEI_DIGITS)
  const decimals = (wei % unit).toString().padStart(WEI_DIGITS, '0').slice(0, SHOWN_DIGITS).replace(/0+$/, '')
  if (wei > 0n && wei < 10n ** BigInt(WEI_DIGITS - SHOWN_DIGITS)) return `<0.${'1'.padStart(SHOWN_DIGITS, '0')}`
  return decimals === '' ? `${wei / unit}` : `${wei / unit}.${decimals}`
}
