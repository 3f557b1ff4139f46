/** Milliseconds before the next try after so many failures in a row: twice as long each time, at most `mostMs`. */
export const backoffMs = (failures: number, { firstMs, mostMs }: { firstMs: number; mostMs: number }): number =>
  Math.min(firstMs * 2 ** Math.min(failures - 1, 30), mostMs)
