import { randomInt } from 'node:crypto'
import { Interface, type Wallet } from 'ethers'
import { expect } from 'vitest'
import type { Network } from '#devnet/network.ts'
import { call } from '#devnet/rpc.ts'
import type { Hex } from '#protocol/primitives.ts'
import { until } from '#test/network.ts'

type Block = { number: Hex; gasLimit: Hex; baseFeePerGas?: Hex }
type FeeHistory = { oldestBlock: Hex; baseFeePerGas: Hex[]; gasUsedRatio: number[]; reward: Hex[][] }
type Receipt = { blockHash: Hex; blockNumber: Hex; status: Hex; gasUsed: Hex; effectiveGasPrice: Hex }

const erc20 = new Interface([
  'function balanceOf(address) view returns (uint256)',
  'function symbol() view returns (string)',
])

/** The requests of MetaMask, in its order and with its parameters, from adding the network to a confirmed transfer. */
export async function replayMetaMask({ rpcUrl, chainId }: Network, wallet: Wallet, token: Hex): Promise<void> {
  const ask = <T>(method: string, params: readonly unknown[] = []) => call<T>(rpcUrl, method, params)
  const from = wallet.address.toLowerCase()

  // wallet_addEthereumChain: what a page hands over is compared with what the endpoint says.
  const added = {
    chainId: `0x${chainId.toString(16)}`,
    chainName: 'zkNode',
    rpcUrls: [rpcUrl],
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  }
  expect(await ask('eth_chainId')).toBe(added.chainId)
  expect(await ask('net_version')).toBe(String(chainId))

  // Each poll: the newest block, whether it has a base fee, the balance of the account, tokens.
  const number = await ask<Hex>('eth_blockNumber')
  const block = await ask<Block>('eth_getBlockByNumber', [number, false])
  expect(block.number).toBe(number)
  const isEip1559 = block.baseFeePerGas !== undefined
  expect(isEip1559).toBe(false)
  const balance = BigInt(await ask<Hex>('eth_getBalance', [from, number]))
  expect(balance).toBeGreaterThan(10n ** 18n)
  const symbol = await ask<Hex>('eth_call', [{ to: token, data: erc20.encodeFunctionData('symbol') }, 'latest'])
  expect(erc20.decodeFunctionResult('symbol', symbol)[0]).toBe('DEMO')
  const held = await ask<Hex>('eth_call', [
    { to: token, data: erc20.encodeFunctionData('balanceOf', [from]) },
    'latest',
  ])
  expect(BigInt(held)).toBe(0n)
  // Not a contract: an empty answer, no error.
  expect(await ask('eth_call', [{ to: `0x${'a1'.repeat(20)}`, data: '0xf0002ea9' }, 'latest'])).toBe('0x')

  // The confirmation page.
  const to = `0x${randomInt(2 ** 40)
    .toString(16)
    .padStart(40, '0')}`
  expect(await ask('eth_getCode', [to, 'latest'])).toBe('0x')
  const value = 10n ** 15n
  const draft = { from, to, value: `0x${value.toString(16)}`, data: '0x' }
  const gas = await ask<Hex>('eth_estimateGas', [draft])
  expect(gas).toBe('0x5208')
  const history = await ask<FeeHistory>('eth_feeHistory', ['0x5', 'latest', [10, 20, 30]])
  expect(history.baseFeePerGas).toHaveLength(history.gasUsedRatio.length + 1)
  expect(history.reward.every((rewards) => rewards.length === 3)).toBe(true)
  const gasPrice = await ask<Hex>('eth_gasPrice')
  const nonce = await ask<Hex>('eth_getTransactionCount', [from, 'pending'])

  const fields = { type: 0, chainId, nonce: Number(nonce), gasPrice, gasLimit: gas, to, value }
  const hash = await ask<Hex>('eth_sendRawTransaction', [await wallet.signTransaction(fields)])
  expect(await ask('eth_getTransactionByHash', [hash])).toMatchObject({ hash, from, to, nonce, value: draft.value })
  let receipt: Receipt | null = null
  await until(async () => {
    receipt = await ask<Receipt | null>('eth_getTransactionReceipt', [hash])
    return receipt !== null
  }, 20_000)
  const { status, blockHash, gasUsed, effectiveGasPrice } = receipt as unknown as Receipt
  expect({ status, gasUsed, effectiveGasPrice }).toEqual({
    status: '0x1',
    gasUsed: '0x5208',
    effectiveGasPrice: gasPrice,
  })
  expect(await ask('eth_getBlockByHash', [blockHash, false])).toMatchObject({ hash: blockHash })
  expect(BigInt(await ask<Hex>('eth_getBalance', [to, 'latest']))).toBe(value)
  expect(await ask('eth_getTransactionCount', [from, 'latest'])).toBe(`0x${(Number(nonce) + 1).toString(16)}`)
  const left = BigInt(await ask<Hex>('eth_getBalance', [from, 'latest']))
  expect(left).toBe(balance - value - BigInt(gasUsed) * BigInt(effectiveGasPrice))
}
