import HeadgateProto
import Synchronization

/// Says who is connected, once the server is there: its methods are made before it.
final class PeerSource: Sendable {
  private let source = Mutex<(@Sendable () -> [ConnectedPeer])?>(nil)

  var current: [ConnectedPeer] { source.withLock { $0 }?() ?? [] }

  func set(_ peers: @escaping @Sendable () -> [ConnectedPeer]) { source.withLock { $0 = peers } }
}

extension Principal {
  /// Whoever calls over plain TCP on loopback: trusted like the machine's administrator.
  static let loopback = Principal(name: "loopback", roles: [.edge, .admin, .operator, .reader, .worker])
}
