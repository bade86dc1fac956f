package import HeadgateProto

/// Finds out who a caller is. The control plane gives the functions; without them there are certificates only.
package struct RPCAuthenticator: Sendable {
  /// The principal of a certificate that the handshake has verified; `nil` refuses the connection. That a certificate which
  /// was let in has been revoked since is told by `RPCServer.disconnect(certificates:)`.
  package var certificate: @Sendable (PeerCertificate) -> Principal?

  /// The principal of an API key, given in `authorization: Bearer KEY` or to SessionService.Authenticate; `nil`: there is
  /// none. An error that is not an `RPCError` reaches the caller as `internal`.
  package var apiKey: @Sendable (String) async throws -> Principal?

  package init(
    certificate: @escaping @Sendable (PeerCertificate) -> Principal? = { $0.principal },
    apiKey: @escaping @Sendable (String) async throws -> Principal? = { _ in nil }
  ) {
    self.certificate = certificate
    self.apiKey = apiKey
  }

  /// Certificates alone.
  package static let certificatesOnly = RPCAuthenticator()
}
