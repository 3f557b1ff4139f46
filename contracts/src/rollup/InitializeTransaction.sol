// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IBridge} from "../Interfaces.sol";

/// @notice Writes the transaction of a rollup's first batch: a pre-EIP-155 call of `initialize` on the L2 bridge, with
/// a signature nobody made, so that no key can stop or repeat it.
abstract contract InitializeTransaction {
    error InvalidInitializeTransaction();
    error HugeTokenMetadataNotSupported();

    /// @notice RLP list with a two-byte length.
    uint8 public constant INITIALIZE_TX_BRIDGE_LIST_LEN_LEN = 0xf9;
    /// @notice RLP: nonce 0, gas price 0, gas limit 30,000,000, then the mark of a 20-byte string.
    bytes public constant INITIALIZE_TX_BRIDGE_PARAMS = hex"80808401c9c38094";
    /// @notice RLP: value 0, then the mark of a string with a two-byte length.
    bytes public constant INITIALIZE_TX_BRIDGE_PARAMS_AFTER_BRIDGE_ADDRESS = hex"80b9";
    /// @notice RLP: value 0, then the mark of a string with a one-byte length.
    bytes public constant INITIALIZE_TX_BRIDGE_PARAMS_AFTER_BRIDGE_ADDRESS_EMPTY_METADATA = hex"80b8";
    /// @notice Bytes of the RLP list besides the call data.
    uint16 public constant INITIALIZE_TX_CONSTANT_BYTES = 32;
    uint16 public constant INITIALIZE_TX_CONSTANT_BYTES_EMPTY_METADATA = 31;
    /// @notice Call data size when there is no gas token.
    uint8 public constant INITIALIZE_TX_DATA_LEN_EMPTY_METADATA = 228;
    uint8 public constant SIGNATURE_INITIALIZE_TX_V = 27;
    bytes32 public constant SIGNATURE_INITIALIZE_TX_R =
        0x00000000000000000000000000000000000000000000000000000005ca1ab1e0;
    bytes32 public constant SIGNATURE_INITIALIZE_TX_S =
        0x000000000000000000000000000000000000000000000000000000005ca1ab1e;
    bytes1 public constant INITIALIZE_TX_EFFECTIVE_PERCENTAGE = 0xff;
    address public constant GLOBAL_EXIT_ROOT_MANAGER_L2 = 0xa40D5f56745a118D0906a34E69aeC8C0Db1cB8fA;

    function _initializeTransaction(
        address bridge,
        uint32 networkID,
        address gasToken,
        uint32 gasTokenNetwork,
        bytes memory gasTokenMetadata
    ) internal pure returns (bytes memory) {
        bytes memory callData = abi.encodeCall(
            IBridge.initialize,
            (networkID, gasToken, gasTokenNetwork, GLOBAL_EXIT_ROOT_MANAGER_L2, address(0), gasTokenMetadata)
        );
        bytes memory unsigned;
        if (gasTokenMetadata.length == 0) {
            unsigned = abi.encodePacked(
                INITIALIZE_TX_BRIDGE_LIST_LEN_LEN,
                uint16(callData.length) + INITIALIZE_TX_CONSTANT_BYTES_EMPTY_METADATA,
                INITIALIZE_TX_BRIDGE_PARAMS,
                bridge,
                INITIALIZE_TX_BRIDGE_PARAMS_AFTER_BRIDGE_ADDRESS_EMPTY_METADATA,
                INITIALIZE_TX_DATA_LEN_EMPTY_METADATA,
                callData
            );
        } else {
            if (callData.length > type(uint16).max - INITIALIZE_TX_CONSTANT_BYTES) {
                revert HugeTokenMetadataNotSupported();
            }
            unsigned = abi.encodePacked(
                INITIALIZE_TX_BRIDGE_LIST_LEN_LEN,
                uint16(callData.length) + INITIALIZE_TX_CONSTANT_BYTES,
                INITIALIZE_TX_BRIDGE_PARAMS,
                bridge,
                INITIALIZE_TX_BRIDGE_PARAMS_AFTER_BRIDGE_ADDRESS,
                uint16(callData.length),
                callData
            );
        }
        address sender = ecrecover(
            keccak256(unsigned), SIGNATURE_INITIALIZE_TX_V, SIGNATURE_INITIALIZE_TX_R, SIGNATURE_INITIALIZE_TX_S
        );
        if (sender == address(0)) revert InvalidInitializeTransaction();
        return abi.encodePacked(
            unsigned,
            SIGNATURE_INITIALIZE_TX_R,
            SIGNATURE_INITIALIZE_TX_S,
            SIGNATURE_INITIALIZE_TX_V,
            INITIALIZE_TX_EFFECTIVE_PERCENTAGE
        );
    }
}
