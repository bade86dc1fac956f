import NIOCore

extension SocketAddress {
  /// "192.0.2.1:7400", "[2001:db8::1]:7400", or the path of a Unix socket.
  var displayText: String {
    switch self {
    case .v4: "\(ipAddress ?? "?"):\(port ?? 0)"
    case .v6: "[\(ipAddress ?? "?")]:\(port ?? 0)"
    case .unixDomainSocket: pathname ?? "local"
    }
  }

  /// 127.0.0.0/8 or ::1 (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3), or a Unix socket.
  var isLoopback: Bool {
    switch self {
    case .v4: ipAddress?.hasPrefix("127.") ?? false
    case .v6: ipAddress == "::1"
    case .unixDomainSocket: true
    }
  }
}
