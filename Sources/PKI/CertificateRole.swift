/// What the holder of a certificate may do at the control plane, written into the certificate as `headgate:role:NAME`.
package enum CertificateRole: String, Sendable, Hashable, CaseIterable {
  /// An edge node: submits requests.
  case edge
  /// Everything, secrets included.
  case admin
  /// Everything but secrets.
  case `operator`
  /// Request logs.
  case reader
  /// Leases runs.
  case worker

  /// The URI of the subject alternative name that carries the role.
  package var uri: String { "headgate:role:" + rawValue }

  /// The URI of the subject alternative name that confines a certificate to a workspace.
  package static func workspaceURI(_ workspace: String) -> String { "headgate:workspace:" + workspace }
}

/// What a certificate may be used for in TLS (RFC 5280 §4.2.1.12).
package enum CertificatePurpose: Sendable, Hashable {
  /// The listening side.
  case server
  /// The connecting side.
  case client
}
