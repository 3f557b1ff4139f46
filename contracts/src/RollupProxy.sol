// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Proxy} from "@openzeppelin/contracts/proxy/Proxy.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";

/// @notice Proxy in front of a rollup contract. Only the account that created it, the rollup manager, can change the
/// implementation; every other call of the manager goes through like anybody's.
contract RollupProxy is Proxy {
    address private immutable _creator = msg.sender;

    constructor(address implementation) {
        ERC1967Utils.upgradeToAndCall(implementation, "");
    }

    function _implementation() internal view override returns (address) {
        return ERC1967Utils.getImplementation();
    }

    function _fallback() internal override {
        if (msg.sender == _creator && msg.sig == IRollupProxy.upgradeToAndCall.selector) {
            (address implementation, bytes memory data) = abi.decode(msg.data[4:], (address, bytes));
            ERC1967Utils.upgradeToAndCall(implementation, data);
        } else {
            super._fallback();
        }
    }

    receive() external payable {
        _fallback();
    }
}

/// @notice How the manager upgrades a rollup.
interface IRollupProxy {
    function upgradeToAndCall(address implementation, bytes calldata data) external payable;
}
