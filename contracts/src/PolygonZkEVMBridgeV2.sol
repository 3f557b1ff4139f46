// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IBridgeMessageReceiver, IGlobalExitRoot} from "./Interfaces.sol";
import {ClaimedLeaves} from "./bridge/ClaimedLeaves.sol";
import {Permit} from "./bridge/Permit.sol";
import {TokenMetadata} from "./bridge/TokenMetadata.sol";
import {TokenWrapped} from "./bridge/TokenWrapped.sol";
import {WrappedTokens} from "./bridge/WrappedTokens.sol";
import {AppendTree} from "./lib/AppendTree.sol";
import {EmergencyState} from "./lib/EmergencyState.sol";
import {Initializable} from "./lib/Initializable.sol";

/// @notice Moves assets and messages between networks: an exit is a leaf of this bridge's tree, a claim shows that leaf
/// under a global exit root known here. The same code runs on L1 (network 0) and, placed in the genesis, on every L2,
/// so it has no constructor arguments, no immutables, and no opcode above Berlin's.
contract PolygonZkEVMBridgeV2 is Initializable, EmergencyState, AppendTree, ClaimedLeaves, WrappedTokens {
    using SafeERC20 for IERC20;

    event BridgeEvent(
        uint8 leafType,
        uint32 originNetwork,
        address originAddress,
        uint32 destinationNetwork,
        address destinationAddress,
        uint256 amount,
        bytes metadata,
        uint32 depositCount
    );
    event ClaimEvent(
        uint256 globalIndex, uint32 originNetwork, address originAddress, address destinationAddress, uint256 amount
    );

    error DestinationNetworkInvalid();
    error AmountDoesNotMatchMsgValue();
    error MsgValueNotZero();
    error EtherTransferFailed();
    error MessageFailed();
    error GlobalExitRootInvalid();
    error InvalidSmtProof();
    error GasTokenNetworkMustBeZeroOnEther();
    error NoValueInMessagesOnGasTokenNetworks();
    error NativeTokenIsEther();
    error OnlyRollupManager();
    error ReentrantCall();

    uint8 private constant LEAF_ASSET = 0;
    uint8 private constant LEAF_MESSAGE = 1;
    uint256 private constant MAINNET_FLAG = 1 << 64;

    /// @notice Leaves covered by the last exit root given to the exit root contract.
    uint32 public lastUpdatedDepositCount;
    bool private _entered;
    IGlobalExitRoot public globalExitRootManager;
    /// @notice Zero on L2.
    address public polygonRollupManager;
    /// @notice Token that this network pays gas with, by its origin; zero for ether.
    address public gasTokenAddress;
    uint32 public gasTokenNetwork;
    bytes public gasTokenMetadata;
    /// @notice Stands for ether on a network with a gas token; zero on others.
    TokenWrapped public WETHToken;

    modifier onlyRollupManager() {
        if (msg.sender != polygonRollupManager) revert OnlyRollupManager();
        _;
    }

    modifier nonReentrant() {
        if (_entered) revert ReentrantCall();
        _entered = true;
        _;
        _entered = false;
    }

    /// @notice Once, on L1 by the deployer, on L2 by the first transaction of the first batch.
    function initialize(
        uint32 _networkID,
        address _gasTokenAddress,
        uint32 _gasTokenNetwork,
        IGlobalExitRoot _globalExitRootManager,
        address _polygonRollupManager,
        bytes calldata _gasTokenMetadata
    ) external initializer {
        networkID = _networkID;
        globalExitRootManager = _globalExitRootManager;
        polygonRollupManager = _polygonRollupManager;
        if (_gasTokenAddress == address(0)) {
            if (_gasTokenNetwork != 0) revert GasTokenNetworkMustBeZeroOnEther();
        } else {
            gasTokenAddress = _gasTokenAddress;
            gasTokenNetwork = _gasTokenNetwork;
            gasTokenMetadata = _gasTokenMetadata;
            WETHToken = TokenWrapped(_createWrapped(bytes32(0), abi.encode("Wrapped Ether", "WETH", uint8(18))));
        }
    }

    /// @notice Sends ether or a token. Tokens of this network are locked, wrapped ones burned.
    /// @param token zero for the network's native currency
    /// @param forceUpdateGlobalExitRoot whether to publish the new exit root at once
    /// @param permitData empty, or a call of the token's permit
    function bridgeAsset(
        uint32 destinationNetwork,
        address destinationAddress,
        uint256 amount,
        address token,
        bool forceUpdateGlobalExitRoot,
        bytes calldata permitData
    ) external payable ifNotEmergencyState nonReentrant {
        if (destinationNetwork == networkID) revert DestinationNetworkInvalid();
        uint32 originNetwork;
        address originToken;
        bytes memory metadata;
        if (token == address(0)) {
            if (msg.value != amount) revert AmountDoesNotMatchMsgValue();
            (originNetwork, originToken, metadata) = (gasTokenNetwork, gasTokenAddress, gasTokenMetadata);
        } else {
            if (msg.value != 0) revert MsgValueNotZero();
            if (token == address(WETHToken)) {
                // Ether, whose origin is network 0 and address 0.
                WETHToken.burn(msg.sender, amount);
            } else {
                (originNetwork, originToken, amount) = _takeToken(token, amount, permitData);
                metadata = getTokenMetadata(token);
            }
        }
        _exit(
            LEAF_ASSET,
            originNetwork,
            originToken,
            destinationNetwork,
            destinationAddress,
            amount,
            metadata,
            forceUpdateGlobalExitRoot
        );
    }

    /// @notice Sends a message, with ether on networks that pay gas in ether.
    function bridgeMessage(
        uint32 destinationNetwork,
        address destinationAddress,
        bool forceUpdateGlobalExitRoot,
        bytes calldata metadata
    ) external payable ifNotEmergencyState {
        if (msg.value != 0 && address(WETHToken) != address(0)) revert NoValueInMessagesOnGasTokenNetworks();
        _exitMessage(destinationNetwork, destinationAddress, msg.value, forceUpdateGlobalExitRoot, metadata);
    }

    /// @notice Sends a message with ether from a network that has a gas token.
    function bridgeMessageWETH(
        uint32 destinationNetwork,
        address destinationAddress,
        uint256 amountWETH,
        bool forceUpdateGlobalExitRoot,
        bytes calldata metadata
    ) external ifNotEmergencyState {
        if (address(WETHToken) == address(0)) revert NativeTokenIsEther();
        WETHToken.burn(msg.sender, amountWETH);
        _exitMessage(destinationNetwork, destinationAddress, amountWETH, forceUpdateGlobalExitRoot, metadata);
    }

    /// @notice Pays out an asset that was sent here from another network.
    /// @param globalIndex bit 64: exit of L1; bits 32..63: rollup id - 1; bits 0..31: index in that network's exit tree
    function claimAsset(
        bytes32[32] calldata smtProofLocalExitRoot,
        bytes32[32] calldata smtProofRollupExitRoot,
        uint256 globalIndex,
        bytes32 mainnetExitRoot,
        bytes32 rollupExitRoot,
        uint32 originNetwork,
        address originTokenAddress,
        uint32 destinationNetwork,
        address destinationAddress,
        uint256 amount,
        bytes calldata metadata
    ) external ifNotEmergencyState {
        if (destinationNetwork != networkID) revert DestinationNetworkInvalid();
        _claimLeaf(
            smtProofLocalExitRoot,
            smtProofRollupExitRoot,
            globalIndex,
            mainnetExitRoot,
            rollupExitRoot,
            getLeafValue(
                LEAF_ASSET,
                originNetwork,
                originTokenAddress,
                destinationNetwork,
                destinationAddress,
                amount,
                keccak256(metadata)
            )
        );
        _payOut(originNetwork, originTokenAddress, destinationAddress, amount, metadata);
        emit ClaimEvent(globalIndex, originNetwork, originTokenAddress, destinationAddress, amount);
    }

    /// @notice Delivers a message that was sent here from another network.
    function claimMessage(
        bytes32[32] calldata smtProofLocalExitRoot,
        bytes32[32] calldata smtProofRollupExitRoot,
        uint256 globalIndex,
        bytes32 mainnetExitRoot,
        bytes32 rollupExitRoot,
        uint32 originNetwork,
        address originAddress,
        uint32 destinationNetwork,
        address destinationAddress,
        uint256 amount,
        bytes calldata metadata
    ) external ifNotEmergencyState {
        if (destinationNetwork != networkID) revert DestinationNetworkInvalid();
        _claimLeaf(
            smtProofLocalExitRoot,
            smtProofRollupExitRoot,
            globalIndex,
            mainnetExitRoot,
            rollupExitRoot,
            getLeafValue(
                LEAF_MESSAGE,
                originNetwork,
                originAddress,
                destinationNetwork,
                destinationAddress,
                amount,
                keccak256(metadata)
            )
        );
        _deliver(originNetwork, originAddress, destinationAddress, amount, metadata);
        emit ClaimEvent(globalIndex, originNetwork, originAddress, destinationAddress, amount);
    }

    /// @notice Gives the exit root to the exit root contract, when there are new leaves.
    function updateGlobalExitRoot() external {
        if (lastUpdatedDepositCount < depositCount) _updateGlobalExitRoot();
    }

    function activateEmergencyState() external onlyRollupManager {
        _enterEmergency();
    }

    function deactivateEmergencyState() external onlyRollupManager {
        _leaveEmergency();
    }

    function getTokenMetadata(address token) public view override returns (bytes memory) {
        return TokenMetadata.encode(token);
    }

    /// @notice Leaf of an exit tree.
    function getLeafValue(
        uint8 leafType,
        uint32 originNetwork,
        address originAddress,
        uint32 destinationNetwork,
        address destinationAddress,
        uint256 amount,
        bytes32 metadataHash
    ) public pure returns (bytes32) {
        return keccak256(
            abi.encodePacked(
                leafType, originNetwork, originAddress, destinationNetwork, destinationAddress, amount, metadataHash
            )
        );
    }

    /// @return originNetwork and originToken of the token
    function _takeToken(address token, uint256 amount, bytes calldata permitData)
        private
        returns (uint32 originNetwork, address originToken, uint256 taken)
    {
        TokenInformation memory info = wrappedTokenToTokenInfo[token];
        if (info.originTokenAddress != address(0)) {
            TokenWrapped(token).burn(msg.sender, amount);
            return (info.originNetwork, info.originTokenAddress, amount);
        }
        if (permitData.length != 0) Permit.use(token, amount, permitData);
        // Some tokens take a fee: what arrived is what leaves.
        uint256 balanceBefore = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransferFrom(msg.sender, address(this), amount);
        return (networkID, token, IERC20(token).balanceOf(address(this)) - balanceBefore);
    }

    function _exitMessage(
        uint32 destinationNetwork,
        address destinationAddress,
        uint256 amount,
        bool forceUpdateGlobalExitRoot,
        bytes calldata metadata
    ) private {
        if (destinationNetwork == networkID) revert DestinationNetworkInvalid();
        _exit(
            LEAF_MESSAGE,
            networkID,
            msg.sender,
            destinationNetwork,
            destinationAddress,
            amount,
            metadata,
            forceUpdateGlobalExitRoot
        );
    }

    function _exit(
        uint8 leafType,
        uint32 originNetwork,
        address originAddress,
        uint32 destinationNetwork,
        address destinationAddress,
        uint256 amount,
        bytes memory metadata,
        bool forceUpdateGlobalExitRoot
    ) private {
        emit BridgeEvent(
            leafType,
            originNetwork,
            originAddress,
            destinationNetwork,
            destinationAddress,
            amount,
            metadata,
            uint32(depositCount)
        );
        _appendLeaf(
            getLeafValue(
                leafType,
                originNetwork,
                originAddress,
                destinationNetwork,
                destinationAddress,
                amount,
                keccak256(metadata)
            )
        );
        if (forceUpdateGlobalExitRoot) _updateGlobalExitRoot();
    }

    function _updateGlobalExitRoot() private {
        lastUpdatedDepositCount = uint32(depositCount);
        globalExitRootManager.updateExitRoot(getRoot());
    }

    /// @dev Checks the proofs of a leaf and marks it claimed.
    function _claimLeaf(
        bytes32[32] calldata smtProofLocalExitRoot,
        bytes32[32] calldata smtProofRollupExitRoot,
        uint256 globalIndex,
        bytes32 mainnetExitRoot,
        bytes32 rollupExitRoot,
        bytes32 leaf
    ) private {
        if (globalExitRootManager.globalExitRootMap(_hashPair(mainnetExitRoot, rollupExitRoot)) == 0) {
            revert GlobalExitRootInvalid();
        }
        uint32 leafIndex = uint32(globalIndex);
        uint32 sourceBridgeNetwork = MAINNET;
        bytes32 localExitRoot = calculateRoot(leaf, smtProofLocalExitRoot, leafIndex);
        if (globalIndex & MAINNET_FLAG != 0) {
            if (localExitRoot != mainnetExitRoot) revert InvalidSmtProof();
        } else {
            uint32 rollupIndex = uint32(globalIndex >> 32);
            sourceBridgeNetwork = rollupIndex + 1;
            if (!verifyMerkleProof(localExitRoot, smtProofRollupExitRoot, rollupIndex, rollupExitRoot)) {
                revert InvalidSmtProof();
            }
        }
        _markClaimed(leafIndex, sourceBridgeNetwork);
    }

    function _payOut(
        uint32 originNetwork,
        address originToken,
        address destination,
        uint256 amount,
        bytes calldata metadata
    ) private {
        if (originToken == address(0)) {
            if (address(WETHToken) == address(0)) _sendNative(destination, amount);
            else WETHToken.mint(destination, amount);
        } else if (originToken == gasTokenAddress && originNetwork == gasTokenNetwork) {
            _sendNative(destination, amount);
        } else if (originNetwork == networkID) {
            IERC20(originToken).safeTransfer(destination, amount);
        } else {
            _mintWrapped(originNetwork, originToken, destination, amount, metadata);
        }
    }

    function _deliver(
        uint32 originNetwork,
        address originAddress,
        address destination,
        uint256 amount,
        bytes calldata metadata
    ) private {
        uint256 value = amount;
        if (address(WETHToken) != address(0)) {
            WETHToken.mint(destination, amount);
            value = 0;
        }
        bytes memory message =
            abi.encodeCall(IBridgeMessageReceiver.onMessageReceived, (originAddress, originNetwork, metadata));
        // solhint-disable-next-line avoid-low-level-calls
        (bool success,) = destination.call{value: value}(message);
        if (!success) revert MessageFailed();
    }

    function _sendNative(address destination, uint256 amount) private {
        // solhint-disable-next-line avoid-low-level-calls
        (bool success,) = destination.call{value: amount}("");
        if (!success) revert EtherTransferFailed();
    }
}
