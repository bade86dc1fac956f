import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// Why a connection could not be made or was lost, in words for people. Never carries key material.
package struct TransportFailure: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Kind: Sendable, Hashable {
    /// Nobody listens there.
    case refused
    /// No answer in time.
    case timedOut
    /// The name has no address.
    case unknownHost
    /// The peer's certificate was not accepted here.
    case peerCertificate
    /// The peer did not accept our certificate, or asked for one and got none.
    case ownCertificate
    /// The other side does not speak TLS 1.3.
    case notTLS
    /// The other side speaks TLS but broke the protocol above it.
    case brokenProtocol
    /// The connection ended.
    case closed
    case other
  }

  package var kind: Kind
  package var reason: String

  package init(_ kind: Kind, _ reason: String) {
    self.kind = kind
    self.reason = reason
  }

  package var description: String { reason }

  /// The peer failed to prove who it is, or does not speak the protocol.
  var isPeersFault: Bool {
    switch kind {
    case .peerCertificate, .notTLS, .brokenProtocol: true
    case .refused, .timedOut, .unknownHost, .ownCertificate, .closed, .other: false
    }
  }

  /// Sorts an error of the transport.
  package init(_ error: any Error) {
    switch error {
    case let failure as TransportFailure: self = failure
    case let error as NIOConnectionError: self.init(connecting: error)
    case let error as IOError: self.init(error)
    case ChannelError.connectTimeout: self.init(.timedOut, "no answer in time")
    case is ChannelError: self.init(.closed, "the connection was closed")
    case let error as NIOSSLError: self.init(error)
    case let error as BoringSSLError: self.init(Self.kind(of: "\(error)"), Self.words(for: "\(error)"))
    case let error as NIOSSLExtraError where error == .failedToValidateHostname:
      self.init(.peerCertificate, "the server's certificate is not for this name or address")
    default: self.init(.other, "\(type(of: error))")
    }
  }

  private init(connecting error: NIOConnectionError) {
    if let attempt = error.connectionErrors.first {
      self.init(attempt.error)
    } else {
      self.init(.unknownHost, "the name \(error.host) has no address")
    }
  }

  private init(_ error: IOError) {
    switch error.errnoCode {
    case ECONNREFUSED: self.init(.refused, "connection refused")
    case ETIMEDOUT: self.init(.timedOut, "no answer in time")
    case ECONNRESET, EPIPE: self.init(.closed, "the connection was reset")
    default: self.init(.other, "\(error)")
    }
  }

  private init(_ error: NIOSSLError) {
    switch error {
    case .handshakeFailed(let cause): self.init(Self.kind(of: "\(cause)"), Self.words(for: "\(cause)"))
    case .unableToValidateCertificate: self.init(.peerCertificate, "the peer's certificate is not valid here")
    case .noCertificateToValidate: self.init(.peerCertificate, "the peer has shown no certificate")
    case .uncleanShutdown: self.init(.closed, "the connection was closed")
    default: self.init(.other, "TLS failed")
    }
  }

  /// What BoringSSL's error names (include/CNIOBoringSSL_ssl.h, TLS alerts of RFC 8446 §6.2) mean here.
  private static let meanings: [(name: String, kind: Kind, words: String)] = [
    ("CERTIFICATE_VERIFY_FAILED", .peerCertificate, "the peer's certificate is not signed by the authority, or is not valid now"),
    ("PEER_DID_NOT_RETURN_A_CERTIFICATE", .peerCertificate, "the peer has shown no certificate"),
    ("TLSV1_ALERT_CERTIFICATE_REQUIRED", .ownCertificate, "the peer wants a certificate"),
    ("TLSV1_CERTIFICATE_REQUIRED", .ownCertificate, "the peer wants a certificate"),
    ("CERTIFICATE_EXPIRED", .ownCertificate, "the peer says that our certificate is not valid now"),
    ("UNKNOWN_CA", .ownCertificate, "the peer does not know the authority of our certificate"),
    ("ALERT_BAD_CERTIFICATE", .ownCertificate, "the peer refused our certificate"),
    ("ALERT_UNSUPPORTED_CERTIFICATE", .ownCertificate, "the peer refused our certificate"),
    ("ALERT_CERTIFICATE_UNKNOWN", .ownCertificate, "the peer refused our certificate"),
    ("ALERT_CERTIFICATE_REVOKED", .ownCertificate, "the peer says that our certificate is revoked"),
    ("ALERT_ACCESS_DENIED", .ownCertificate, "the peer refused our certificate"),
    ("ALERT_UNKNOWN", .ownCertificate, "the peer refused the connection"),
    ("PROTOCOL_VERSION", .notTLS, "the peer does not speak TLS 1.3"),
    ("UNSUPPORTED_PROTOCOL", .notTLS, "the peer does not speak TLS 1.3"),
    ("WRONG_VERSION_NUMBER", .notTLS, "the peer does not speak TLS"),
    ("HTTP_REQUEST", .notTLS, "the peer does not speak TLS"),
    ("INVALID_PROTOCOL", .notTLS, "the peer does not speak TLS"),
  ]

  private static func meaning(of text: String) -> (name: String, kind: Kind, words: String)? {
    meanings.first { text.contains($0.name) }
  }

  private static func kind(of text: String) -> Kind { meaning(of: text)?.kind ?? .brokenProtocol }

  private static func words(for text: String) -> String { meaning(of: text)?.words ?? "the TLS handshake failed" }
}
