// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

/// @notice Uses a signed permit before the bridge pulls a token: ERC-2612, or the older form with an allowed flag.
library Permit {
    error NotValidOwner();
    error NotValidSpender();
    error NotValidAmount();
    error NotValidSignature();

    bytes4 private constant PERMIT_WITH_ALLOWED_FLAG =
        bytes4(keccak256("permit(address,address,uint256,uint256,bool,uint8,bytes32,bytes32)"));

    /// @param permitData complete call of `permit`, for the caller's `amount` to this contract. A permit that fails is
    /// no error: somebody may have used it already, and the transfer that follows decides.
    function use(address token, uint256 amount, bytes calldata permitData) internal {
        bytes4 selector = bytes4(permitData[:4]);
        if (selector == IERC20Permit.permit.selector) {
            (address owner, address spender, uint256 value) = abi.decode(permitData[4:], (address, address, uint256));
            _check(owner, spender);
            if (value != amount) revert NotValidAmount();
        } else if (selector == PERMIT_WITH_ALLOWED_FLAG) {
            (address owner, address spender) = abi.decode(permitData[4:], (address, address));
            _check(owner, spender);
        } else {
            revert NotValidSignature();
        }
        // solhint-disable-next-line avoid-low-level-calls
        (bool used,) = token.call(permitData);
        used;
    }

    function _check(address owner, address spender) private view {
        if (owner != msg.sender) revert NotValidOwner();
        if (spender != address(this)) revert NotValidSpender();
    }
}
