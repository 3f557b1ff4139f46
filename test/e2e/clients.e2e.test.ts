import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  Contract,
  ContractFactory,
  type EventLog,
  id,
  isError,
  JsonRpcProvider,
  Wallet,
  WebSocketProvider,
} from 'ethers'
import { createPublicClient, createWalletClient, defineChain, http, parseAbi, webSocket } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { getArtifact } from '#contracts/artifacts.ts'
import { foundryBinary } from '#devnet/foundryBinary.ts'
import type { Hex } from '#protocol/primitives.ts'
import { installHardhat, installPython } from '#test/clients/install.ts'
import { replayMetaMask } from '#test/clients/metaMask.ts'
import { startTestNetwork, type TestNetwork, until } from '#test/network.ts'

const run = promisify(execFile)
const clients = fileURLToPath(new URL('../clients', import.meta.url))
const token = getArtifact('DemoToken')
const tokenAbi = parseAbi([
  'function transfer(address to, uint256 amount) returns (bool)',
  'function balanceOf(address account) view returns (uint256)',
  'event Transfer(address indexed from, address indexed to, uint256 value)',
  'error ERC20InsufficientBalance(address sender, uint256 balance, uint256 needed)',
])

let net: TestNetwork
let work: string
const account = (index: number) => net.network.accounts[index]!

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'zknode-clients-'))
  net = await startTestNetwork()
})
afterAll(async () => {
  await net?.remove()
  rmSync(work, { recursive: true, force: true })
})

test('ethers: deploys, reads history, follows blocks and events over WebSocket, decodes refusals', async () => {
  const provider = new WebSocketProvider(net.network.wsUrl)
  try {
    const wallet = new Wallet(account(2).privateKey, provider)
    const heads: number[] = []
    await provider.on('block', (number: number) => heads.push(number))
    const deployed = await new ContractFactory(token.abi, token.bytecode, wallet).deploy()
    await deployed.waitForDeployment()
    const contract = new Contract(await deployed.getAddress(), token.abi, wallet)
    const heard: string[] = []
    await contract.on('Transfer', (_from, to) => heard.push(to))
    const to = Wallet.createRandom().address
    const sent = await contract.getFunction('transfer')(to, 5n)
    const receipt = await sent.wait()
    expect(receipt).toMatchObject({ status: 1, to: await contract.getAddress(), from: wallet.address })
    await until(() => heard.includes(to) && heads.includes(receipt.blockNumber), 10_000)
    expect(heard).toEqual([to])
    expect(heads).toEqual(heads.map((_, index) => heads[0]! + index))

    const events = await contract.queryFilter(contract.filters['Transfer']!(null, to), 0, 'latest')
    expect(events.map((event) => (event as EventLog).args['value'])).toEqual([5n])
    const before = { blockTag: receipt.blockNumber - 1 }
    expect(await contract.getFunction('balanceOf').staticCall(to, before)).toBe(0n)
    const poor = contract.connect(Wallet.createRandom(provider)) as Contract
    const refusal: unknown = await poor
      .getFunction('transfer')
      .staticCall(to, 1n)
      .catch((error: unknown) => error)
    expect(isError(refusal, 'CALL_EXCEPTION') && refusal.revert?.name).toBe('ERC20InsufficientBalance')
    const cannotPay = Wallet.createRandom(provider).sendTransaction({ to, value: 1n, gasLimit: 21_000n })
    expect(isError(await cannotPay.catch((error: unknown) => error), 'INSUFFICIENT_FUNDS')).toBe(true)
  } finally {
    await provider.destroy()
  }
})

test('viem: writes, watches, simulates and batches', async () => {
  const { rpcUrl, wsUrl, chainId } = net.network
  const chain = defineChain({
    ...{ id: chainId, name: 'zknode', rpcUrls: { default: { http: [rpcUrl] } } },
    nativeCurrency: { name: 'Ether', symbol: 'ETH', decimals: 18 },
  })
  const socket = webSocket(wsUrl, { reconnect: false })
  const reader = createPublicClient({ chain, transport: socket, pollingInterval: 100 })
  const batched = createPublicClient({ chain, transport: http(rpcUrl, { batch: true }) })
  const user = privateKeyToAccount(account(3).privateKey)
  const wallet = createWalletClient({ account: user, chain, transport: http(rpcUrl) })
  try {
    const deployment = await wallet.deployContract({ abi: tokenAbi, bytecode: token.bytecode as Hex, type: 'legacy' })
    const { contractAddress } = await reader.waitForTransactionReceipt({ hash: deployment })
    const address = contractAddress!
    const to = privateKeyToAccount(id('a viem user') as Hex).address
    const seen: unknown[] = []
    const stop = reader.watchContractEvent({
      ...{ address, abi: tokenAbi, eventName: 'Transfer' },
      onLogs: (logs) => seen.push(...logs.map(({ args }) => args)),
    })
    const call = { address, abi: tokenAbi, functionName: 'transfer', args: [to, 9n] } as const
    const { result } = await reader.simulateContract({ ...call, account: user })
    expect(result).toBe(true)
    const hash = await wallet.writeContract({ ...call, type: 'legacy' })
    const receipt = await reader.waitForTransactionReceipt({ hash })
    await until(() => seen.length > 0, 10_000)
    stop()
    expect(seen).toEqual([{ from: user.address, to, value: 9n }])

    const [balance, code, block, transaction, nonce] = await Promise.all([
      batched.readContract({ address, abi: tokenAbi, functionName: 'balanceOf', args: [to] }),
      batched.getCode({ address }),
      batched.getBlock({ blockHash: receipt.blockHash, includeTransactions: true }),
      batched.getTransaction({ hash }),
      batched.getTransactionCount({ address: user.address }),
    ])
    expect({ balance, nonce, isFound: block.transactions.some((each) => each.hash === hash) }).toEqual({
      ...{ balance: 9n, nonce: 2, isFound: true },
    })
    expect(code?.length).toBeGreaterThan(1000)
    expect(transaction).toMatchObject({ hash, from: user.address.toLowerCase(), type: 'legacy', chainId })
    const overdrawn = reader.simulateContract({ ...call, args: [to, 10n ** 30n], account: user })
    await expect(overdrawn).rejects.toThrow('ERC20InsufficientBalance')
  } finally {
    const { socket: open } = await reader.transport.getRpcClient()
    open.close()
  }
})

test('web3.py', async () => {
  const artifact = join(work, 'token.json')
  writeFileSync(artifact, JSON.stringify(token))
  const python = await installPython()
  const script = join(clients, 'python', 'client.py')
  const { stdout } = await run(python, [script, net.network.rpcUrl, account(4).privateKey, artifact])
  expect(JSON.parse(stdout)).toEqual({ token: expect.stringMatching(/^0x/), moved: expect.stringMatching(/^0x/) })
})

test('cast', async () => {
  const binary = foundryBinary('cast')
  const env = { ...process.env, ETH_RPC_URL: net.network.rpcUrl }
  const cast = async (...args: string[]) => (await run(binary, args, { env, cwd: work })).stdout.trim()
  const { address, privateKey } = account(5)
  expect(await cast('chain-id')).toBe(String(net.network.chainId))
  const key = ['--private-key', privateKey, '--legacy', '--json']
  const to = '0x00000000000000000000000000000000000000aa'
  expect(JSON.parse(await cast('send', ...key, to, '--value', '3'))).toMatchObject({ status: '0x1', gasUsed: '0x5208' })
  expect(await cast('balance', to)).toBe('3')
  const created = JSON.parse(await cast('send', ...key, '--create', token.bytecode))
  const contract: string = created.contractAddress
  const sent = JSON.parse(await cast('send', ...key, contract, 'transfer(address,uint256)', to, '7'))
  expect(sent.logs).toHaveLength(1)
  expect(await cast('call', contract, 'balanceOf(address)(uint256)', to)).toBe('7')
  expect(await cast('nonce', address)).toBe('3')
  expect(await cast('receipt', sent.transactionHash, 'blockNumber')).toBe(String(Number(sent.blockNumber)))
  expect(await cast('tx', sent.transactionHash, 'to')).toBe(await cast('to-check-sum-address', contract))
  expect(await cast('block', sent.blockNumber, '--field', 'hash')).toBe(sent.blockHash)
  const gas = Number(await cast('estimate', '--from', address, contract, 'transfer(address,uint256)', to, '7'))
  expect(gas).toBeGreaterThan(30_000)
  expect(gas).toBeLessThan(1.5 * Number(sent.gasUsed))
  expect(JSON.parse(await cast('logs', '--json', '--from-block', '0', '--address', contract))).toHaveLength(2)
  expect(await cast('storage', contract, '2')).toBe(`0x${(10n ** 24n).toString(16).padStart(64, '0')}`)
  expect(await cast('run', '--quick', sent.transactionHash)).toContain('emit Transfer')
  const refused = cast('call', contract, 'transfer(address,uint256)', to, '1', '--from', to.replace('aa', 'bb'))
  await expect(refused).rejects.toThrow('execution reverted')
})

test('Hardhat deploys and tests a project', async () => {
  const project = join(work, 'hardhat')
  cpSync(join(clients, 'hardhat'), project, { recursive: true })
  symlinkSync(join(await installHardhat(), 'node_modules'), join(project, 'node_modules'))
  const env = {
    ...process.env,
    RPC_URL: net.network.rpcUrl,
    PRIVATE_KEYS: [6, 7].map((index) => account(index).privateKey).join(),
    HARDHAT_DISABLE_TELEMETRY_PROMPT: 'true',
  }
  const hardhat = join(project, 'node_modules', '.bin', 'hardhat')
  const { stdout } = await run(hardhat, ['test', '--network', 'zknode'], { cwd: project, env })
  expect(stdout).toContain('5 passing')
  expect(stdout).not.toContain('failing')
})

test('MetaMask adds the network, shows balances, sends and follows a transaction', async () => {
  const provider = new JsonRpcProvider(net.network.rpcUrl, undefined, { pollingInterval: 100 })
  try {
    const deployed = await new ContractFactory(
      token.abi,
      token.bytecode,
      new Wallet(account(8).privateKey, provider),
    ).deploy()
    await deployed.waitForDeployment()
    const wallet = new Wallet(account(9).privateKey)
    await replayMetaMask(net.network, wallet, (await deployed.getAddress()) as Hex)
  } finally {
    provider.destroy()
  }
})
