// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

/// @notice Reads name, symbol and decimals of any token, also of those that answer badly or not at all.
library TokenMetadata {
    function encode(address token) internal view returns (bytes memory) {
        return abi.encode(
            _text(token, IERC20Metadata.name.selector, "NO_NAME"),
            _text(token, IERC20Metadata.symbol.selector, "NO_SYMBOL"),
            _decimals(token)
        );
    }

    function _text(address token, bytes4 selector, string memory fallbackText) private view returns (string memory) {
        (bool success, bytes memory answer) = token.staticcall(abi.encodePacked(selector));
        if (!success) return fallbackText;
        if (answer.length >= 64) return abi.decode(answer, (string));
        if (answer.length != 32) return "NOT_VALID_ENCODING";
        // Some tokens of the early days answer a bytes32 that ends in zeros.
        uint256 length = 0;
        while (length < 32 && answer[length] != 0) ++length;
        if (length == 0) return "NOT_VALID_ENCODING";
        assembly ("memory-safe") {
            mstore(answer, length)
        }
        return string(answer);
    }

    function _decimals(address token) private view returns (uint8) {
        (bool success, bytes memory answer) = token.staticcall(abi.encodeCall(IERC20Metadata.decimals, ()));
        return success && answer.length == 32 ? abi.decode(answer, (uint8)) : 18;
    }
}
