import { JsonRpcProvider, type TransactionReceipt, Wallet } from 'ethers'
import { createPublicClient, createWalletClient, defineChain, http, parseAbi } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { NodeError } from '#common/errors.ts'
import { getArtifact } from '#contracts/artifacts.ts'
import type { Hex } from '#protocol/primitives.ts'
import type { Network } from '../network.ts'

/** The network did something else than a user may expect. */
export class DemoError extends NodeError {
  override readonly name = 'DemoError'
}

const TOKEN_ABI = [
  'function transfer(address to, uint256 amount) returns (bool)',
  'function balanceOf(address account) view returns (uint256)',
] as const
const TEN_TOKENS = 10n * 10n ** 18n

/** A transfer, a token deployed and used, all with ethers. Returns the hashes. */
export async function useEthers(network: Network, privateKey: string, recipient: string): Promise<Hex[]> {
  const { Contract, ContractFactory } = await import('ethers')
  const provider = new JsonRpcProvider(network.rpcUrl, network.chainId, {
    ...{ staticNetwork: true, pollingInterval: 100 },
    cacheTimeout: -1, // else ethers gives a nonce again that it asked for 250 ms ago, and blocks are faster
  })
  try {
    const wallet = new Wallet(privateKey, provider)
    const gasPrice = (await provider.getFeeData()).gasPrice
    const legacy = { type: 0, gasPrice }
    const transfer = await wallet.sendTransaction({ to: recipient, value: 1_000_000_000n, ...legacy })
    await mustSucceed(transfer.wait())
    const { abi, bytecode } = getArtifact('DemoToken')
    const token = await new ContractFactory(abi, bytecode, wallet).deploy(legacy)
    await token.waitForDeployment()
    const contract = new Contract(await token.getAddress(), TOKEN_ABI, wallet)
    const sent = await contract.getFunction('transfer').send(recipient, TEN_TOKENS, legacy)
    await mustSucceed(sent.wait())
    const balance: bigint = await contract.getFunction('balanceOf').staticCall(recipient)
    if (balance !== TEN_TOKENS) throw new DemoError('The token balance is wrong (ethers).', { facts: { balance } })
    return [transfer.hash, token.deploymentTransaction()!.hash, sent.hash] as Hex[]
  } finally {
    provider.destroy()
  }
}

/** The same with viem. */
export async function useViem(network: Network, privateKey: Hex, recipient: Hex): Promise<Hex[]> {
  const chain = defineChain({
    id: network.chainId,
    name: 'zknode',
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
    rpcUrls: { default: { http: [network.rpcUrl] } },
  })
  const account = privateKeyToAccount(privateKey)
  const transport = http(network.rpcUrl)
  const reader = createPublicClient({ chain, transport, pollingInterval: 100 })
  const wallet = createWalletClient({ account, chain, transport })
  const gasPrice = await reader.getGasPrice()
  const mined = async (hash: Hex) => {
    const receipt = await reader.waitForTransactionReceipt({ hash })
    if (receipt.status !== 'success') throw new DemoError('A transaction failed (viem).', { facts: { hash } })
    return receipt
  }
  const transfer = await wallet.sendTransaction({ to: recipient, value: 1_000_000_000n, gasPrice })
  await mined(transfer)
  const { bytecode } = getArtifact('DemoToken')
  const abi = parseAbi(TOKEN_ABI)
  const deployment = await wallet.deployContract({ abi, bytecode: bytecode as Hex, gasPrice })
  const { contractAddress } = await mined(deployment)
  if (!contractAddress) throw new DemoError('The token has no address (viem).', { facts: { deployment } })
  const sent = await wallet.writeContract({
    address: contractAddress,
    abi,
    functionName: 'transfer',
    args: [recipient, TEN_TOKENS],
    gasPrice,
  })
  await mined(sent)
  const balance = await reader.readContract({
    address: contractAddress,
    abi,
    functionName: 'balanceOf',
    args: [recipient],
  })
  if (balance !== TEN_TOKENS) throw new DemoError('The token balance is wrong (viem).', { facts: { balance } })
  return [transfer, deployment, sent]
}

/** Signs `count` transfers of `senders` fresh accounts, each with its own run of nonces. */
export async function signTransfers(chainId: number, gasPrice: bigint, senders: readonly Wallet[], count: number) {
  const signed: { hash: Hex; raw: Hex; sender: Hex; nonce: number }[] = []
  const { keccak256 } = await import('ethers')
  for (let index = 0; index < count; index++) {
    const wallet = senders[index % senders.length]!
    const nonce = Math.floor(index / senders.length)
    const to = senders[(index + 1) % senders.length]!.address
    const raw = await wallet.signTransaction({ type: 0, chainId, nonce, gasPrice, gasLimit: 21_000, to, value: 1n })
    signed.push({ hash: keccak256(raw) as Hex, raw: raw as Hex, sender: wallet.address.toLowerCase() as Hex, nonce })
  }
  return signed
}

async function mustSucceed(receipt: Promise<TransactionReceipt | null>): Promise<void> {
  const mined = await receipt
  if (mined?.status !== 1)
    throw new DemoError('A transaction failed (ethers).', { facts: { hash: mined?.hash ?? null } })
}
