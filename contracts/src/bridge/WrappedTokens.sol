// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {TokenWrapped} from "./TokenWrapped.sol";

/// @notice Tokens of other networks, created on their first claim at an address that only their origin decides.
abstract contract WrappedTokens {
    struct TokenInformation {
        uint32 originNetwork;
        address originTokenAddress;
    }

    event NewWrappedToken(
        uint32 originNetwork, address originTokenAddress, address wrappedTokenAddress, bytes metadata
    );

    error FailedTokenWrappedDeployment();

    /// @notice Wrapped token by keccak256(originNetwork | originTokenAddress).
    mapping(bytes32 tokenInfoHash => address) public tokenInfoToWrappedToken;
    mapping(address wrappedToken => TokenInformation) public wrappedTokenToTokenInfo;

    // solhint-disable-next-line func-name-mixedcase
    function BASE_INIT_BYTECODE_WRAPPED_TOKEN() public pure returns (bytes memory) {
        return type(TokenWrapped).creationCode;
    }

    function getTokenWrappedAddress(uint32 originNetwork, address originTokenAddress) external view returns (address) {
        return tokenInfoToWrappedToken[_tokenInfoHash(originNetwork, originTokenAddress)];
    }

    /// @notice Address that the wrapped token of `token`, a token of this network, has on other networks.
    function calculateTokenWrapperAddress(uint32 originNetwork, address originTokenAddress, address token)
        external
        view
        returns (address)
    {
        return _wrapperAddress(_tokenInfoHash(originNetwork, originTokenAddress), getTokenMetadata(token));
    }

    function precalculatedWrapperAddress(
        uint32 originNetwork,
        address originTokenAddress,
        string calldata name,
        string calldata symbol,
        uint8 decimals
    ) external view returns (address) {
        return _wrapperAddress(_tokenInfoHash(originNetwork, originTokenAddress), abi.encode(name, symbol, decimals));
    }

    /// @notice abi.encode(name, symbol, decimals) of a token.
    function getTokenMetadata(address token) public view virtual returns (bytes memory);

    function _mintWrapped(
        uint32 originNetwork,
        address originTokenAddress,
        address to,
        uint256 amount,
        bytes calldata metadata
    ) internal {
        bytes32 tokenInfoHash = _tokenInfoHash(originNetwork, originTokenAddress);
        address wrapped = tokenInfoToWrappedToken[tokenInfoHash];
        if (wrapped == address(0)) {
            wrapped = _createWrapped(tokenInfoHash, metadata);
            tokenInfoToWrappedToken[tokenInfoHash] = wrapped;
            wrappedTokenToTokenInfo[wrapped] = TokenInformation(originNetwork, originTokenAddress);
            emit NewWrappedToken(originNetwork, originTokenAddress, wrapped, metadata);
        }
        TokenWrapped(wrapped).mint(to, amount);
    }

    /// @param constructorArguments abi.encode(name, symbol, decimals), which is also the form of a claim's metadata
    function _createWrapped(bytes32 salt, bytes memory constructorArguments) internal returns (address wrapped) {
        bytes memory initCode = abi.encodePacked(type(TokenWrapped).creationCode, constructorArguments);
        assembly ("memory-safe") {
            wrapped := create2(0, add(initCode, 0x20), mload(initCode), salt)
        }
        if (wrapped == address(0)) revert FailedTokenWrappedDeployment();
    }

    function _wrapperAddress(bytes32 salt, bytes memory constructorArguments) private view returns (address) {
        bytes32 initCodeHash = keccak256(abi.encodePacked(type(TokenWrapped).creationCode, constructorArguments));
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), salt, initCodeHash)))));
    }

    function _tokenInfoHash(uint32 originNetwork, address originTokenAddress) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(originNetwork, originTokenAddress));
    }
}
