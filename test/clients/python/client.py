"""What a Python user does with web3.py. Arguments: RPC URL, private key, the token's artifact as a JSON file."""

import json
import sys
import time

from web3 import Web3
from web3.exceptions import ContractLogicError, TimeExhausted, Web3RPCError

url, key, artifact_path = sys.argv[1:]
w3 = Web3(Web3.HTTPProvider(url))
account = w3.eth.account.from_key(key)
with open(artifact_path) as file:
    artifact = json.load(file)


def send(transaction):
    transaction.setdefault("from", account.address)
    transaction.setdefault("nonce", w3.eth.get_transaction_count(account.address, "pending"))
    transaction.setdefault("gasPrice", w3.eth.gas_price)
    transaction.setdefault("chainId", w3.eth.chain_id)
    if "gas" not in transaction:
        transaction["gas"] = w3.eth.estimate_gas(transaction)
    signed = account.sign_transaction({k: v for k, v in transaction.items() if k != "from"})
    return w3.eth.wait_for_transaction_receipt(w3.eth.send_raw_transaction(signed.raw_transaction), timeout=60)


def refusal(work):
    try:
        work()
    except (Web3RPCError, ContractLogicError, ValueError) as error:
        return str(error)
    raise AssertionError("was not refused")


assert w3.is_connected()
recipient = w3.eth.account.create().address
before = w3.eth.get_balance(account.address)
transfer = send({"to": recipient, "value": 12345})
assert transfer.status == 1 and transfer.gasUsed == 21000
assert w3.eth.get_balance(recipient) == 12345
assert w3.eth.get_balance(account.address) == before - 12345 - 21000 * transfer.effectiveGasPrice

factory = w3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"])
deployed = send(factory.constructor().build_transaction({"from": account.address, "gasPrice": w3.eth.gas_price}))
token = w3.eth.contract(address=deployed.contractAddress, abi=artifact["abi"])
assert w3.eth.get_code(token.address) != b""
assert token.functions.balanceOf(account.address).call() == 10**24
call = token.functions.transfer(recipient, 777)
moved = send(call.build_transaction({"from": account.address, "gasPrice": w3.eth.gas_price}))
[event] = token.events.Transfer().process_receipt(moved)
assert event.args["value"] == 777 and event.args["to"] == recipient
assert token.functions.balanceOf(recipient).call() == 777
assert token.functions.balanceOf(recipient).call(block_identifier=deployed.blockNumber) == 0
[log] = token.events.Transfer().get_logs(from_block=moved.blockNumber, argument_filters={"to": recipient})
assert log.transactionHash == moved.transactionHash

followed = token.events.Transfer.create_filter(from_block="latest")
again = send(token.functions.transfer(recipient, 1).build_transaction({"from": account.address, "gasPrice": w3.eth.gas_price}))
entries = []
for _ in range(100):
    entries += followed.get_new_entries()
    if any(entry.transactionHash == again.transactionHash for entry in entries):
        break
    time.sleep(0.1)
assert [e.transactionHash for e in entries if e.transactionHash == again.transactionHash] == [again.transactionHash]

block = w3.eth.get_block(moved.blockNumber, full_transactions=True)
assert any(found.hash == moved.transactionHash for found in block.transactions)
assert w3.eth.get_transaction(moved.transactionHash)["from"] == account.address
assert len(w3.eth.fee_history(4, "latest").reward if w3.eth.block_number > 4 else [1]) >= 1

stranger = w3.eth.account.create()
too_much = token.functions.transfer(recipient, 5)
insufficient_balance = Web3.keccak(text="ERC20InsufficientBalance(address,uint256,uint256)")[:4].to_0x_hex()
assert insufficient_balance in refusal(lambda: too_much.call({"from": stranger.address}))
poor = stranger.sign_transaction(
    {"to": recipient, "value": 1, "nonce": 0, "gas": 21000, "gasPrice": w3.eth.gas_price, "chainId": w3.eth.chain_id}
)
assert "insufficient funds" in refusal(lambda: w3.eth.send_raw_transaction(poor.raw_transaction))
try:
    w3.eth.wait_for_transaction_receipt("0x" + "11" * 32, timeout=0.5)
    raise AssertionError("there is no such transaction")
except TimeExhausted:
    pass
print(json.dumps({"token": token.address.lower(), "moved": moved.transactionHash.to_0x_hex()}))
