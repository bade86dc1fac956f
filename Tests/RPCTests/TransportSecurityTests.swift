import Cryptography
import Foundation
import HeadgateProto
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL
import PKI
import Testing

@testable import RPC

/// Only TLS 1.3 with a certificate of our own authority gets a call through.
@Suite struct TransportSecurityTests {
  private static let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

  private static func material(_ issued: IssuedCertificate, _ authority: CertificateAuthority) throws -> TLSMaterial {
    try TLSMaterial(
      certificatePEM: issued.certificatePEM, keyPEM: issued.keyPEM.revealed(), authorityPEM: authority.certificatePEM)
  }

  /// Runs `body` with a server's port.
  private static func withServer(
    _ authority: CertificateAuthority, names: [String] = ["127.0.0.1"], keys: RPCAuthenticator? = nil,
    authentication: Duration = .seconds(10), _ body: (Int) async throws -> Void
  ) async throws {
    let certificate = try authority.issue(name: "control", ipAddresses: names)
    var configuration = RPCServer.Configuration(
      host: "127.0.0.1", port: 0, transport: .tls(try material(certificate, authority)))
    configuration.acceptsAPIKeysAlone = keys != nil
    configuration.timeouts.authentication = authentication
    let server = try RPCServer(
      configuration: configuration, handlers: [Echo.handler], authenticator: keys ?? .certificatesOnly, logger: logger)
    let address = try await server.start()
    do { try await body(try #require(address.port)) } catch {
      await server.drain()
      throw error
    }
    await server.drain()
  }

  /// What becomes of a call with this certificate: the cursor that comes back, or the code it fails with.
  private static func call(
    _ port: Int, _ material: TLSMaterial, serverName: String? = nil, apiKey: String? = nil
  ) async throws -> Result<String, RPCError> {
    var configuration = RPCClient.Configuration(
      endpoints: [RPCEndpoint(host: "127.0.0.1", port: port)], transport: .tls(material, serverName: serverName))
    configuration.timeouts.connect = .seconds(5)
    configuration.apiKey = apiKey
    let client: RPCClient
    do throws(RPCError) {
      client = try await RPCClient.connect(configuration, logger: logger)
    } catch {
      return .failure(error)
    }
    let result: Result<String, RPCError>
    do throws(RPCError) {
      let options = CallOptions(timeout: .seconds(5))
      result = .success(try await client.call(Echo.method, ListFlowsRequest(cursor: "hello"), options: options).nextCursor)
    } catch {
      result = .failure(error)
    }
    await client.shutdown()
    return result
  }

  @Test func aCertificateWithTheRoleIsLetIn() async throws {
    let authority = try CertificateAuthority()
    try await Self.withServer(authority) { port in
      let admin = try Self.material(try authority.issue(name: "admin", roles: [.admin]), authority)
      #expect(try await Self.call(port, admin) == .success("hello"))
    }
  }

  @Test func otherCertificatesAreNot() async throws {
    let authority = try CertificateAuthority()
    let other = try CertificateAuthority(name: "Other CA")
    let now = Date()
    let past = CertificateValidity(notBefore: now.addingTimeInterval(-7200), notAfter: now.addingTimeInterval(-3600))
    let future = CertificateValidity(notBefore: now.addingTimeInterval(3600), notAfter: now.addingTimeInterval(7200))
    let refused: [(String, TLSMaterial)] = [
      ("of another authority", try Self.material(try other.issue(name: "admin", roles: [.admin]), authority)),
      ("expired", try Self.material(try authority.issue(name: "admin", roles: [.admin], validity: past), authority)),
      ("not yet valid", try Self.material(try authority.issue(name: "admin", roles: [.admin], validity: future), authority)),
      (
        "for servers only", try Self.material(try authority.issue(name: "admin", roles: [.admin], purposes: [.server]), authority)
      ),
    ]
    try await Self.withServer(authority) { port in
      for (what, material) in refused {
        guard case .failure(let error) = try await Self.call(port, material) else {
          Issue.record("a certificate \(what) was let in")
          continue
        }
        #expect([.unauthenticated, .unavailable].contains(error.code), "\(what): \(error)")
      }
      // A certificate without the method's role, and one without any, come in and may not call.
      let reader = try Self.material(try authority.issue(name: "reader", roles: [.reader]), authority)
      guard case .failure(let denied) = try await Self.call(port, reader) else {
        Issue.record("a reader may not call a method for administrators")
        return
      }
      #expect(denied.code == .permissionDenied)
      let nobody = try Self.material(try authority.issue(name: "nobody", purposes: [.client]), authority)
      guard case .failure(let anonymous) = try await Self.call(port, nobody) else {
        Issue.record("a certificate without a role may not call")
        return
      }
      #expect(anonymous.code == .unauthenticated)
    }
  }

  private static let oneKey = RPCAuthenticator(apiKey: { key in
    key == "right" ? Principal(name: "key", roles: [.admin], apiKeyID: "1") : nil
  })

  /// A file with the authority's certificate.
  private static func authorityFile(_ authority: CertificateAuthority) throws -> String {
    let path = FileManager.default.temporaryDirectory.path + "/headgate-ca-\(UUID().uuidString).pem"
    try Data(authority.certificatePEM.utf8).write(to: URL(filePath: path))
    return path
  }

  @Test func anAPIKeyStandsForACertificate() async throws {
    let authority = try CertificateAuthority()
    let other = try CertificateAuthority(name: "Other CA")
    let file = try Self.authorityFile(authority)
    let otherFile = try Self.authorityFile(other)
    defer { for path in [file, otherFile] { try? FileManager.default.removeItem(atPath: path) } }
    let alone = try TLSMaterial(authority: file)
    try await Self.withServer(authority, keys: Self.oneKey) { port in
      #expect(try await Self.call(port, alone, apiKey: "right") == .success("hello"))
      for key in ["wrong", nil] {
        guard case .failure(let error) = try await Self.call(port, alone, apiKey: key) else {
          Issue.record("\(key ?? "no key") was let in")
          continue
        }
        #expect(error.code == .unauthenticated)
      }
      // The server is verified all the same, and a certificate that is shown must be one of ours.
      let stranger = try Self.material(try other.issue(name: "admin", roles: [.admin]), authority)
      for material in [try TLSMaterial(authority: otherFile), stranger] {
        guard case .failure(let error) = try await Self.call(port, material, apiKey: "right") else {
          Issue.record("\(material) was let in")
          continue
        }
        #expect([.unauthenticated, .unavailable].contains(error.code), "\(error)")
      }
    }
    try await Self.withServer(authority) { port in
      guard case .failure = try await Self.call(port, alone, apiKey: "right") else {
        Issue.record("a server that wants certificates let a key in")
        return
      }
    }
  }

  @Test func whoDoesNotSayWhoItIsIsSentAway() async throws {
    let authority = try CertificateAuthority()
    try await Self.withServer(authority, keys: Self.oneKey, authentication: .milliseconds(50)) { port in
      var noCertificate = TLSConfiguration.makeClientConfiguration()
      noCertificate.certificateVerification = .none
      // Returns when the server has closed.
      let answer = try await Self.answer(port, noCertificate)
      #expect(!answer.isEmpty, "the request is refused before that")
    }
  }

  @Test(arguments: [("missing", "No such file"), ("unreadable", "Is a directory"), ("text", "is not PEM")])
  func aFileThatCannotBeUsedIsNamedWithTheReason(name: String, reason: String) throws {
    let directory = FileManager.default.temporaryDirectory.path + "/headgate-tls-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory + "/unreadable", withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try Data("text".utf8).write(to: URL(filePath: directory + "/text"))
    let error = #expect(throws: TLSMaterialError.self) { try TLSMaterial(authority: "\(directory)/\(name)") }
    #expect(error?.path == "\(directory)/\(name)")
    #expect(error?.reason.contains(reason) == true, "\(String(describing: error))")
  }

  @Test func theClientVerifiesTheServer() async throws {
    let authority = try CertificateAuthority()
    let other = try CertificateAuthority(name: "Other CA")
    let admin = try authority.issue(name: "admin", roles: [.admin])
    try await Self.withServer(authority, names: ["192.0.2.1"]) { port in
      guard case .failure(let error) = try await Self.call(port, try Self.material(admin, authority)) else {
        Issue.record("the server's certificate is for another address")
        return
      }
      #expect(error.code == .unauthenticated, "\(error)")
    }
    try await Self.withServer(authority) { port in
      guard case .failure(let error) = try await Self.call(port, try Self.material(admin, other)) else {
        Issue.record("the server's certificate is of an authority that the client does not trust")
        return
      }
      #expect(error.code == .unauthenticated, "\(error)")
    }
  }

  /// No certificate, TLS 1.2, and bytes that are no TLS: the connection ends without an answer.
  @Test func otherTransportsAreRefused() async throws {
    let authority = try CertificateAuthority()
    try await Self.withServer(authority) { port in
      var noCertificate = TLSConfiguration.makeClientConfiguration()
      noCertificate.certificateVerification = .none
      var old = noCertificate
      old.maximumTLSVersion = .tlsv12
      let admin = try authority.issue(name: "admin", roles: [.admin])
      old.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(admin.certificatePEM.utf8)).map { .certificate($0) }
      old.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: admin.keyPEM.revealed(), format: .pem))
      for configuration in [noCertificate, old, nil] {
        let answer = try await Self.answer(port, configuration)
        // A TLS alert (RFC 8446 §6, content type 21) is all that a peer without TLS may read.
        #expect(answer.isEmpty || configuration == nil && answer.first == 21, "\(answer)")
      }
    }
  }

  /// Sends an empty request frame and gives what comes back until the peer closes.
  private static func answer(_ port: Int, _ tls: TLSConfiguration?) async throws -> [UInt8] {
    let context = try tls.map { try NIOSSLContext(configuration: $0) }
    let received = NIOLockedValueBox<[UInt8]>([])
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          if let context {
            try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: nil))
          }
          try channel.pipeline.syncOperations.addHandler(Receiver(received))
        }
      }
      .connect(host: "127.0.0.1", port: port).get()
    var frame = ByteBuffer()
    FrameHeader(type: .request, streamID: 1, length: 0).write(into: &frame)
    channel.writeAndFlush(frame, promise: nil)
    try await channel.closeFuture.get()
    return received.withLockedValue { $0 }
  }

  private final class Receiver: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let received: NIOLockedValueBox<[UInt8]>

    init(_ received: NIOLockedValueBox<[UInt8]>) { self.received = received }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      received.withLockedValue { $0 += unwrapInboundIn(data).readableBytesView }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
  }

  @Test func withoutTLSOnlyLoopbackIsListenedOn() async throws {
    let configuration = RPCServer.Configuration(host: "0.0.0.0", port: 0, transport: .plaintext(principal: .testAdmin))
    let server = try RPCServer(configuration: configuration, handlers: [], logger: Self.logger)
    await #expect(throws: RPCServerError.self) { try await server.start() }
  }
}
