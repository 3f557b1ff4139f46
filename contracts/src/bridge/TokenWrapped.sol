// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice A token of another network. Only the bridge that created it mints and burns. Has ERC-2612 permit.
contract TokenWrapped is ERC20 {
    bytes32 public constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 private constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
    string public constant VERSION = "1";

    address public immutable bridgeAddress = msg.sender;
    uint8 private immutable _decimals;

    mapping(address owner => uint256) public nonces;

    modifier onlyBridge() {
        require(msg.sender == bridgeAddress, "TokenWrapped::onlyBridge: Not PolygonZkEVMBridge");
        _;
    }

    constructor(string memory name_, string memory symbol_, uint8 decimals_) ERC20(name_, symbol_) {
        _decimals = decimals_;
    }

    function decimals() public view override returns (uint8) {
        return _decimals;
    }

    function mint(address to, uint256 value) external onlyBridge {
        _mint(to, value);
    }

    function burn(address account, uint256 value) external onlyBridge {
        _burn(account, value);
    }

    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() public view returns (bytes32) {
        return keccak256(
            abi.encode(
                DOMAIN_TYPEHASH, keccak256(bytes(name())), keccak256(bytes(VERSION)), block.chainid, address(this)
            )
        );
    }

    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        external
    {
        require(block.timestamp <= deadline, "TokenWrapped::permit: Expired permit");
        bytes32 permitHash = keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, nonces[owner]++, deadline));
        address signer = ecrecover(keccak256(abi.encodePacked("\x19\x01", DOMAIN_SEPARATOR(), permitHash)), v, r, s);
        require(signer != address(0) && signer == owner, "TokenWrapped::permit: Invalid signature");
        _approve(owner, spender, value);
    }
}
