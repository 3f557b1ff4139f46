// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice Append-only keccak Merkle tree of depth 32 with zero as the empty leaf. The bridge keeps its exits in one,
/// the exit root contract its L1 info leaves.
abstract contract AppendTree {
    error MerkleTreeFull();

    uint256 internal constant DEPTH = 32;

    /// @dev Left siblings on the path of the next leaf.
    bytes32[32] private _branch;
    /// @notice Number of leaves.
    uint256 public depositCount;

    function _appendLeaf(bytes32 leaf) internal {
        uint256 index = depositCount;
        if (index >= 2 ** DEPTH - 1) revert MerkleTreeFull();
        depositCount = index + 1;
        bytes32 node = leaf;
        // The new count has a lowest set bit below DEPTH: that level keeps the subtree just completed.
        uint256 count = index + 1;
        uint256 level = 0;
        while (count & 1 == 0) {
            node = _hashPair(_branch[level], node);
            count >>= 1;
            ++level;
        }
        _branch[level] = node;
    }

    /// @notice Root over all leaves so far.
    function getRoot() public view virtual returns (bytes32) {
        bytes32 node = bytes32(0);
        bytes32 emptySubtree = bytes32(0);
        uint256 count = depositCount;
        for (uint256 level = 0; level < DEPTH; ++level) {
            node = (count >> level) & 1 == 1 ? _hashPair(_branch[level], node) : _hashPair(node, emptySubtree);
            emptySubtree = _hashPair(emptySubtree, emptySubtree);
        }
        return node;
    }

    /// @notice Root that a leaf at `index` gives with these siblings, listed from the leaf up.
    function calculateRoot(bytes32 leafHash, bytes32[32] calldata smtProof, uint32 index)
        public
        pure
        virtual
        returns (bytes32)
    {
        bytes32 node = leafHash;
        for (uint256 level = 0; level < DEPTH; ++level) {
            node = (index >> level) & 1 == 1 ? _hashPair(smtProof[level], node) : _hashPair(node, smtProof[level]);
        }
        return node;
    }

    /// @notice Whether the leaf is at `index` of the tree with that root.
    function verifyMerkleProof(bytes32 leafHash, bytes32[32] calldata smtProof, uint32 index, bytes32 root)
        public
        pure
        virtual
        returns (bool)
    {
        return calculateRoot(leafHash, smtProof, index) == root;
    }

    function _hashPair(bytes32 left, bytes32 right) internal pure returns (bytes32 node) {
        assembly ("memory-safe") {
            mstore(0x00, left)
            mstore(0x20, right)
            node := keccak256(0x00, 0x40)
        }
    }
}
