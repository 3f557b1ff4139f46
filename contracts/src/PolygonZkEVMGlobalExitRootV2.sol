// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {AppendTree} from "./lib/AppendTree.sol";

/// @notice Exit roots of L1 and of all rollups, and the L1 info tree: one leaf per new global exit root.
contract PolygonZkEVMGlobalExitRootV2 is AppendTree {
    event UpdateL1InfoTree(bytes32 indexed mainnetExitRoot, bytes32 indexed rollupExitRoot);

    error OnlyAllowedContracts();

    address public immutable bridgeAddress;
    address public immutable rollupManager;

    /// @notice Hash of the parent of the block in which the global exit root appeared; 0 for unknown roots.
    mapping(bytes32 globalExitRoot => uint256 blockHash) public globalExitRootMap;
    bytes32 public lastRollupExitRoot;
    bytes32 public lastMainnetExitRoot;

    constructor(address rollupManager_, address bridgeAddress_) {
        rollupManager = rollupManager_;
        bridgeAddress = bridgeAddress_;
    }

    /// @notice The bridge sets the mainnet exit root, the rollup manager the rollup exit root.
    function updateExitRoot(bytes32 newRoot) external {
        if (msg.sender == bridgeAddress) lastMainnetExitRoot = newRoot;
        else if (msg.sender == rollupManager) lastRollupExitRoot = newRoot;
        else revert OnlyAllowedContracts();

        bytes32 globalExitRoot = getLastGlobalExitRoot();
        if (globalExitRootMap[globalExitRoot] != 0) return;
        uint256 parentHash = uint256(blockhash(block.number - 1));
        globalExitRootMap[globalExitRoot] = parentHash;
        _appendLeaf(getLeafValue(globalExitRoot, parentHash, uint64(block.timestamp)));
        emit UpdateL1InfoTree(lastMainnetExitRoot, lastRollupExitRoot);
    }

    function getLastGlobalExitRoot() public view returns (bytes32) {
        return _hashPair(lastMainnetExitRoot, lastRollupExitRoot);
    }

    /// @notice Leaf of the L1 info tree.
    function getLeafValue(bytes32 newGlobalExitRoot, uint256 lastBlockHash, uint64 timestamp)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(newGlobalExitRoot, lastBlockHash, timestamp));
    }
}
