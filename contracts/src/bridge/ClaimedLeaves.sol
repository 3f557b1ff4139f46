// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

/// @notice One bit per leaf that was claimed here.
abstract contract ClaimedLeaves {
    error AlreadyClaimed();

    uint32 internal constant MAINNET = 0;
    uint32 private constant FIRST_ROLLUP = 1;

    /// @notice This network: 0 for L1, else the rollup id.
    uint32 public networkID;
    mapping(uint256 word => uint256 bits) public claimedBitMap;

    /// @param sourceBridgeNetwork network of the exit: 0 for L1, else the rollup id
    function isClaimed(uint32 leafIndex, uint32 sourceBridgeNetwork) external view returns (bool) {
        (uint256 word, uint256 bit) = _position(leafIndex, sourceBridgeNetwork);
        return claimedBitMap[word] & bit != 0;
    }

    function _markClaimed(uint32 leafIndex, uint32 sourceBridgeNetwork) internal {
        (uint256 word, uint256 bit) = _position(leafIndex, sourceBridgeNetwork);
        if (claimedBitMap[word] & bit != 0) revert AlreadyClaimed();
        claimedBitMap[word] |= bit;
    }

    /// @dev On L1, exits of the first rollup have no source in their index: the interface's layout since there was one
    /// rollup only.
    function _position(uint32 leafIndex, uint32 sourceBridgeNetwork) private view returns (uint256, uint256) {
        uint256 index = leafIndex;
        bool firstPair = networkID == MAINNET && sourceBridgeNetwork == FIRST_ROLLUP;
        if (!firstPair) index += uint256(sourceBridgeNetwork) << 32;
        return (index >> 8, 1 << (index & 0xff));
    }
}
