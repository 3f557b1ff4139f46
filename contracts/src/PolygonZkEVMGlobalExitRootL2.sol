// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Exit roots as an L2 sees them. The zkEVM's executor writes slot 0 (a mapping entry per L1 info leaf that a
/// block names) and reads slot 1 as the batch's local exit root, so the layout is part of the protocol. The name
/// lastRollupExitRoot is the interface's: on an L2 it holds the root of the L2 bridge's own exit tree.
contract PolygonZkEVMGlobalExitRootL2 {
    error OnlyAllowedContracts();

    /// @dev Slot 0.
    mapping(bytes32 globalExitRoot => uint256 blockHash) public globalExitRootMap;
    /// @dev Slot 1.
    bytes32 public lastRollupExitRoot;

    address public immutable bridgeAddress;

    constructor(address bridgeAddress_) {
        bridgeAddress = bridgeAddress_;
    }

    function updateExitRoot(bytes32 newRoot) external {
        if (msg.sender != bridgeAddress) revert OnlyAllowedContracts();
        lastRollupExitRoot = newRoot;
    }
}
