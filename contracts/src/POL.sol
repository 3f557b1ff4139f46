// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Fee token of the local L1: the whole supply goes to the deployer.
contract POL is ERC20 {
    constructor(uint256 supply) ERC20("Pol Token", "POL") {
        _mint(msg.sender, supply);
    }

    function increaseAllowance(address spender, uint256 addedValue) external returns (bool) {
        _approve(msg.sender, spender, allowance(msg.sender, spender) + addedValue);
        return true;
    }

    function decreaseAllowance(address spender, uint256 subtractedValue) external returns (bool) {
        _approve(msg.sender, spender, allowance(msg.sender, spender) - subtractedValue);
        return true;
    }
}
