import { expect, test } from 'vitest'
import { EmptyGasPriceError, effectiveGasPrice, effectivePercentage } from '#protocol/effectiveGasPrice.ts'
import { describeVectors } from './describe.ts'
import { loadVectors } from './load.ts'

type Vector =
  | { id: string; type: 'apply'; gasPrice: string; effectivePercentage: string; effectiveGasPrice: string }
  | { id: string; type: 'percentage'; gasPrice: string; breakEven: string; percentage: number; error?: string }

const file = loadVectors<Vector>('effective-gas')

describeVectors('effective-gas', file, () => {
  test.each(file?.vectors ?? [])('effective-gas $id', (vector) => {
    const gasPrice = BigInt(vector.gasPrice)
    if (vector.type === 'apply') {
      expect(effectiveGasPrice(gasPrice, Number(vector.effectivePercentage))).toBe(BigInt(vector.effectiveGasPrice))
      return
    }
    const percentage = () => effectivePercentage(gasPrice, BigInt(vector.breakEven))
    if (vector.error === undefined) expect(percentage()).toBe(vector.percentage)
    else expect(percentage).toThrow(EmptyGasPriceError)
  })
})
