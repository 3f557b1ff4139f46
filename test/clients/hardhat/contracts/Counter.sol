// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.20;

/// @notice Counts; its owner may set it.
contract Counter {
    address public immutable owner = msg.sender;
    uint256 public count;

    event Counted(address indexed by, uint256 count);

    error NotOwner(address caller);

    function increment() external returns (uint256) {
        count++;
        emit Counted(msg.sender, count);
        return count;
    }

    function set(uint256 to) external {
        if (msg.sender != owner) revert NotOwner(msg.sender);
        require(to >= count, "only upwards");
        count = to;
    }
}
