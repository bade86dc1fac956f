import HeadgateProto
import Identifiers
import Postgres
import RPC
import Store
import TestSupport
import Testing

@testable import ControlPlane

@Suite("certificates")
struct CertificateTests {
  private static func certificate(
    _ name: String, _ roles: Role..., workspace: String? = nil, serial: UInt8 = 7, issuer: String = "CN=Headgate CA",
    validity: ClosedRange<Int64> = 0...4_000_000_000
  ) -> PeerCertificate {
    PeerCertificate(
      commonName: name, uris: roles.map { "headgate:role:\($0)" } + (workspace.map { ["headgate:workspace:\($0)"] } ?? []),
      issuer: issuer, serialNumber: [serial], validity: validity, der: Array("\(name) \(serial) \(issuer)".utf8))
  }

  /// A worker's stream, which stays open while there is nothing to do.
  private static func stream(_ caller: InProcessPair) async throws -> ResponseStream<Run> {
    try await RunServiceClient(caller).leaseStream(
      LeaseRunsRequest(worker: "w", maxRuns: 1), options: CallOptions(timeout: .seconds(60)))
  }

  @Test(
    "what names no certificate is refused, every fault at once",
    arguments: [
      (RevokeCertificateRequest(), ["fingerprint"]),
      (RevokeCertificateRequest(fingerprint: Array(repeating: 1, count: 31)), ["fingerprint"]),
      (RevokeCertificateRequest(fingerprint: Array(repeating: 1, count: 32), serial: [1]), ["fingerprint"]),
      (RevokeCertificateRequest(fingerprint: Array(repeating: 1, count: 32), issuer: "CN=a"), ["issuer"]),
      (RevokeCertificateRequest(serial: [0, 0]), ["serial"]),
      (
        RevokeCertificateRequest(serial: Array(repeating: 1, count: 65), reason: String(repeating: "a", count: 1025)),
        ["reason", "serial"]
      ),
    ])
  func faults(request: RevokeCertificateRequest, paths: [String]) async throws {
    try await withControlPlane { fixture in
      let access = AccessServiceClient(try fixture.caller(.admin))
      let error = try await failure { try await access.revokeCertificate(request) }
      #expect(error?.code == .invalidArgument && error.paths == paths)
      #expect(try await access.listCertificates(ListCertificatesRequest()).certificates.isEmpty)
    }
  }

  /// How a certificate ends.
  enum End: CaseIterable { case revoked, changedInSilence, expired }

  @Test("calls and open streams of a certificate end with it, and it opens no connection any more", arguments: End.allCases)
  func end(_ end: End) async throws {
    try await withControlPlane { fixture in
      let access = AccessServiceClient(try fixture.caller(.admin))
      let now = UnixTime.now().microseconds / 1_000_000
      let certificate = Self.certificate("w", .worker, validity: 0...(end == .expired ? now + 2 : now + 3600))
      let kept = try fixture.certificateCaller(Self.certificate("kept", .worker, serial: 8))
      let caller = try fixture.certificateCaller(certificate)
      #expect(try await AccessServiceClient(caller).whoAmI(WhoAmIRequest()).principal == "w")
      let stream = try await Self.stream(caller)
      let untouched = try await Self.stream(kept)
      // A call by an API key over this connection ends with it too.
      let key = try await access.createKey(CreateKeyRequest(name: "k", role: .worker)).secret
      let keyed = try await RunServiceClient(caller).leaseStream(
        LeaseRunsRequest(worker: "w", maxRuns: 1),
        options: CallOptions(timeout: .seconds(60), metadata: [CallMetadata(key: "authorization", value: "Bearer \(key)")]))
      switch end {
      case .revoked:
        let revoked = try await access.revokeCertificate(
          RevokeCertificateRequest(fingerprint: certificate.fingerprint, reason: "lost"))
        #expect(revoked.name == "w" && revoked.revokedBy == "tester" && revoked.reason == "lost" && revoked.revokedAtUs > 0)
      case .changedInSilence:
        // Another program changed it, and no announcement came.
        try await fixture.node.certificates.noteUse()
        try await fixture.sql("UPDATE certificates SET revoked_at = now() WHERE name = 'w'")
      case .expired: break
      }
      let start = ContinuousClock.now
      for stream in [stream, keyed] {
        let error = try await failure { try await stream.next() }
        #expect(error?.code == .unauthenticated, "\(String(describing: error))")
        #expect(error?.message == "the certificate has \(end == .expired ? "expired" : "been revoked")")
      }
      #expect(ContinuousClock.now - start < .seconds(5))
      let options = CallOptions(timeout: .seconds(1))
      let again = try await failure { try await AccessServiceClient(caller).whoAmI(WhoAmIRequest(), options: options) }
      #expect([.unauthenticated, .unavailable, .deadlineExceeded].contains(again?.code), "\(String(describing: again))")
      let anew = try fixture.certificateCaller(certificate)
      let refused = try await failure { try await AccessServiceClient(anew).whoAmI(WhoAmIRequest(), options: options) }
      #expect([.unauthenticated, .unavailable, .deadlineExceeded].contains(refused?.code), "\(String(describing: refused))")
      #expect(try await AccessServiceClient(kept).whoAmI(WhoAmIRequest()).principal == "kept")
      untouched.cancel()
      let actions = try await fixture.audited().filter { $0.entry.action == "certificate.revoke" }
      #expect(actions.count == (end == .revoked ? 1 : 0))
      if let entry = actions.first?.entry {
        #expect(entry.object == "w" && String(decoding: entry.details, as: UTF8.self).contains("lost"))
      }
    }
  }

  @Test("an edge node's requests are refused once its certificate is revoked")
  func edge() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Definitions.open())["hook"] ?? []
      let certificate = Self.certificate("edge-1", .edge)
      let edge = try fixture.certificateCaller(certificate)
      let ingest = IngestServiceClient(edge)
      #expect(try await ingest.submit(EdgeRequest.make(key)).outcome == .accepted)
      let policies = try await PolicyServiceClient(edge).watch(WatchPolicyRequest(), options: CallOptions(timeout: .seconds(60)))
      let access = AccessServiceClient(try fixture.caller(.admin))
      _ = try await access.revokeCertificate(RevokeCertificateRequest(serial: [0, 7], issuer: "CN=Headgate CA"))
      #expect(
        try await failure { while try await policies.next() != nil {} }?.code == .unauthenticated)
      let error = try await failure { try await ingest.submit(EdgeRequest.make(key), options: CallOptions(timeout: .seconds(1))) }
      #expect([.unauthenticated, .unavailable, .deadlineExceeded].contains(error?.code), "\(String(describing: error))")
      #expect(try await fixture.number("SELECT count(*) FROM requests") == 1)
    }
  }

  @Test("the list has role, subject, validity and use, last used first; a revoked one stays in it")
  func list() async throws {
    try await withControlPlane { fixture in
      let access = AccessServiceClient(try fixture.caller(.admin))
      let certificates = [
        Self.certificate("edge-1", .edge, serial: 1),
        Self.certificate("a", .admin, .reader, serial: 2, validity: 5...4_000_000_000),
      ]
      for certificate in certificates {
        _ = try await AccessServiceClient(try fixture.certificateCaller(certificate)).whoAmI(WhoAmIRequest())
      }
      let listed = try await access.listCertificates(ListCertificatesRequest()).certificates
      #expect(Set(listed.map(\.name)) == ["edge-1", "a"])
      let one = try #require(listed.first { $0.name == "a" })
      #expect(one.roles == [.admin, .reader] && one.serial == [2] && one.issuer == "CN=Headgate CA" && one.workspace.isEmpty)
      #expect(one.fingerprint == certificates[1].fingerprint && one.notBeforeUs == 5_000_000)
      #expect(one.notAfterUs == 4_000_000_000_000_000)
      let now = UnixTime.now().microseconds
      #expect(one.firstUsedAtUs > now - 60_000_000 && one.lastUsedAtUs > now - 120_000_000 && one.lastUsedAtUs % 60_000_000 == 0)
      // Not used for an hour, but a connection is still open.
      try await fixture.sql("UPDATE certificates SET last_used_at = now() - interval '1 hour'")
      try await fixture.node.certificates.noteUse(now: .now() + .seconds(60))
      #expect(
        try await fixture.number("SELECT count(*) FROM certificates WHERE last_used_at > now() - interval '2 minutes'") == 2)
      _ = try await access.revokeCertificate(RevokeCertificateRequest(serial: [1]))
      // Once more is no second act.
      _ = try await access.revokeCertificate(RevokeCertificateRequest(fingerprint: certificates[0].fingerprint))
      #expect(try await fixture.audited().count { $0.entry.action == "certificate.revoke" } == 1)
      #expect(try await access.listCertificates(ListCertificatesRequest()).certificates.count { $0.revokedAtUs > 0 } == 1)
      // Long ended ones leave the list.
      try await fixture.sql("UPDATE certificates SET not_after = now() - interval '91 days' WHERE name = 'a'")
      await MaintenanceService(fixture.node, logger: fixture.log.logger).round()
      #expect(try await access.listCertificates(ListCertificatesRequest()).certificates.map(\.name) == ["edge-1"])
    }
  }

  @Test("one that was never seen can be revoked by who may see everything")
  func unseen() async throws {
    try await withControlPlane { fixture in
      let access = AccessServiceClient(try fixture.caller(.admin))
      let (byFingerprint, bySerial) = (Self.certificate("a", .reader, serial: 1), Self.certificate("b", .reader, serial: 2))
      let nobody = try await failure { try await access.revokeCertificate(RevokeCertificateRequest(serial: [2])) }
      #expect(nobody?.code == .failedPrecondition && nobody.paths == ["issuer"])
      _ = try await access.revokeCertificate(RevokeCertificateRequest(fingerprint: byFingerprint.fingerprint))
      _ = try await access.revokeCertificate(RevokeCertificateRequest(serial: [0, 2], issuer: "CN=Headgate CA"))
      for certificate in [byFingerprint, bySerial] { #expect(!fixture.node.certificates.admits(certificate)) }
      // Of another authority, or another number.
      for certificate in [
        Self.certificate("b", .reader, serial: 2, issuer: "CN=Other"), Self.certificate("b", .reader, serial: 3),
      ] {
        #expect(fixture.node.certificates.admits(certificate))
      }
      // The same number of two authorities.
      _ = try await AccessServiceClient(try fixture.certificateCaller(Self.certificate("c", .reader, serial: 9))).whoAmI(
        WhoAmIRequest())
      _ = try await AccessServiceClient(
        try fixture.certificateCaller(Self.certificate("d", .reader, serial: 9, issuer: "CN=Other"))
      ).whoAmI(WhoAmIRequest())
      let unclear = try await failure { try await access.revokeCertificate(RevokeCertificateRequest(serial: [9])) }
      #expect(unclear?.code == .failedPrecondition)
      #expect(try await access.revokeCertificate(RevokeCertificateRequest(serial: [9], issuer: "CN=Other")).name == "d")
      #expect(try await fixture.audited().count { $0.entry.action == "certificate.revoke" } == 3)
    }
  }

  @Test("who is confined to a workspace sees and revokes that workspace's alone")
  func confined() async throws {
    try await withControlPlane { fixture in
      let admin = try fixture.caller(.admin)
      _ = try await WorkspaceServiceClient(admin).create(CreateWorkspaceRequest(name: "shop"))
      let own = Self.certificate("own", .reader, workspace: "shop", serial: 1)
      let others = [
        Self.certificate("free", .reader, serial: 2), Self.certificate("other", .reader, workspace: "default", serial: 3),
        Self.certificate("nowhere", .reader, workspace: "nowhere", serial: 4),
      ]
      for certificate in [own] + others {
        _ = try await AccessServiceClient(try fixture.certificateCaller(certificate)).whoAmI(WhoAmIRequest())
      }
      #expect(try await AccessServiceClient(admin).listCertificates(ListCertificatesRequest()).certificates.count == 4)
      let confined = AccessServiceClient(try fixture.caller(.admin, workspace: "shop"))
      #expect(try await confined.listCertificates(ListCertificatesRequest()).certificates.map(\.name) == ["own"])
      let missing = try await failure { try await confined.revokeCertificate(RevokeCertificateRequest(serial: [5])) }
      for (certificate, serial) in zip(others, 2...) {
        let foreign = try await failure {
          try await confined.revokeCertificate(RevokeCertificateRequest(serial: [UInt8(serial)]))
        }
        #expect(foreign?.code == .notFound && foreign?.message.replacing("0\(serial)", with: "05") == missing?.message)
        let byFingerprint = try await failure {
          try await confined.revokeCertificate(RevokeCertificateRequest(fingerprint: certificate.fingerprint))
        }
        #expect(byFingerprint?.code == .notFound)
      }
      #expect(try await fixture.number("SELECT count(*) FROM certificates WHERE revoked_at IS NOT NULL") == 0)
      _ = try await confined.revokeCertificate(RevokeCertificateRequest(fingerprint: own.fingerprint))
      #expect(!fixture.node.certificates.admits(own))
      #expect(try await fixture.audited(in: "shop").map(\.entry.action).contains("certificate.revoke"))
      // What concerns all stands in the log of the default workspace, and is not shown to who is confined to that.
      _ = try await AccessServiceClient(admin).revokeCertificate(RevokeCertificateRequest(fingerprint: others[0].fingerprint))
      _ = try await AccessServiceClient(admin).createKey(CreateKeyRequest(name: "all", role: .reader))
      _ = try await AccessServiceClient(admin).createKey(CreateKeyRequest(workspace: "default", name: "own", role: .reader))
      func actions(_ caller: InProcessPair) async throws -> [String] {
        try await AccessServiceClient(caller).queryAudit(QueryAuditRequest()).records.map { "\($0.action) \($0.object)" }
      }
      #expect(
        try await actions(admin) == [
          "apikey.create own", "apikey.create all", "certificate.revoke free", "workspace.create shop",
        ])
      #expect(try await actions(try fixture.caller(.admin, workspace: "default")) == ["apikey.create own"])
    }
  }

  @Test("another replica learns of a revocation by the announcement alone")
  func replicas() async throws {
    try await withControlPlane { fixture in
      let other = ControlPlaneNode(fixture.node.options, masterKeys: try .forTests(), logger: .silent)
      other.start()
      let watch = CertificateWatch(
        certificates: other.certificates, feed: other.feed,
        rhythm: .init(sweep: .seconds(3600), reload: .seconds(3600), noteUse: .seconds(3600)), logger: .silent)
      let certificate = Self.certificate("w", .worker)
      #expect(other.certificates.admits(certificate))
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await watch.run() }
        #expect(try await eventually { other.feed.isConnected })
        let access = AccessServiceClient(try fixture.caller(.admin))
        _ = try await access.revokeCertificate(RevokeCertificateRequest(fingerprint: certificate.fingerprint))
        #expect(try await eventually { !other.certificates.admits(certificate) })
        group.cancelAll()
      }
      await other.shutDown(within: .seconds(1))
    }
  }
}
