import HeadgateProto
import Postgres
import RPC
import Store
import TestSupport
import Testing

@testable import ControlPlane

@Suite("API keys")
struct APIKeyTests {
  @Test("a text that is no key is told without looking it up")
  func form() {
    let key = APIKeyText.generate()
    #expect(key.utf8.count == APIKeyText.length && APIKeyText.isWellFormed(key))
    #expect(APIKeyText.shown(key).utf8.count == APIKeyText.shownLength)
    var altered = Array(key)
    altered[20] = altered[20] == "A" ? "B" : "A"
    for text in [
      "", "hgk_", key + "A", String(key.dropLast()), key.uppercased(), "x" + key.dropFirst(), String(altered), key + "=",
    ] {
      #expect(!APIKeyText.isWellFormed(text), "\(text)")
    }
    #expect(APIKeyText.generate() != key)
  }

  @Test(
    "what a key must not be is refused, every fault at once",
    arguments: [
      (CreateKeyRequest(), ["name", "role"]), (CreateKeyRequest(name: "a b", role: .admin), ["name"]),
      (CreateKeyRequest(name: "a", role: .edge), ["role"]), (CreateKeyRequest(name: "a", role: .anyone), ["role"]),
      (CreateKeyRequest(name: "a/b", role: .edge, expiresInSeconds: .max), ["name", "role", "expires_in_seconds"]),
      (CreateKeyRequest(name: String(repeating: "a", count: 65), role: .admin), ["name"]),
    ])
  func faults(request: CreateKeyRequest, paths: [String]) async throws {
    try await withControlPlane { fixture in
      let access = AccessServiceClient(try fixture.caller(.admin))
      let error = try await failure { try await access.createKey(request) }
      #expect(error?.code == .invalidArgument && error.paths == paths)
      #expect(try await access.listKeys(ListKeysRequest()).keys.isEmpty)
    }
  }

  @Test("a key gives its role in its workspace, by connection and by call")
  func roleAndWorkspace() async throws {
    try await withControlPlane { fixture in
      let admin = try fixture.caller(.admin)
      let access = AccessServiceClient(admin)
      _ = try await WorkspaceServiceClient(admin).create(CreateWorkspaceRequest(name: "shop"))
      let made = try await access.createKey(CreateKeyRequest(workspace: "shop", name: "ci", role: .reader))
      #expect(made.key?.workspace == "shop" && made.key?.role == .reader && made.key?.createdBy == "tester")
      #expect(made.secret.hasPrefix(made.key?.prefix ?? "?"))

      let keyed = try fixture.keyCaller(made.secret)
      let me = try await AccessServiceClient(keyed).whoAmI(WhoAmIRequest())
      #expect(me.principal == "key:shop/ci" && me.roles == [.reader] && me.workspace == "shop")
      #expect(try await FlowServiceClient(keyed).list(ListFlowsRequest()).flows.isEmpty)
      let other = try await failure { try await FlowServiceClient(keyed).list(ListFlowsRequest(workspace: "default")) }
      #expect(other?.code == .notFound)
      let change = try await failure { try await FlowServiceClient(keyed).delete(DeleteFlowRequest(flow: "x")) }
      #expect(change?.code == .permissionDenied)

      // By call, over a connection that is nobody's.
      let nobody = try fixture.keyCaller(nil)
      let options = CallOptions(metadata: [CallMetadata(key: "authorization", value: "Bearer \(made.secret)")])
      let byCall = try await AccessServiceClient(nobody).whoAmI(WhoAmIRequest(), options: options)
      #expect(byCall == me)
      #expect(try await failure { try await AccessServiceClient(nobody).whoAmI(WhoAmIRequest()) }?.code == .unauthenticated)
      for wrong in ["x", APIKeyText.generate(), String(made.secret.dropLast())] {
        let options = CallOptions(metadata: [CallMetadata(key: "authorization", value: "Bearer \(wrong)")])
        let error = try await failure { try await AccessServiceClient(nobody).whoAmI(WhoAmIRequest(), options: options) }
        #expect(error == RPCError(.unauthenticated, "the API key is not valid here"))
      }

      // Neither the list nor the database nor the log has the key.
      #expect(!"\(try await access.listKeys(ListKeysRequest()))".contains(made.secret))
      #expect(!fixture.log.text.contains(made.secret))
      let rows = try await fixture.audited(in: "shop")
      #expect(rows.map(\.entry.action) == ["apikey.create"])
      #expect(!rows.contains { String(decoding: $0.entry.details, as: UTF8.self).contains(made.secret) })
    }
  }

  @Test("a confined administrator makes, sees and revokes the keys of the own workspace alone")
  func confined() async throws {
    try await withControlPlane { fixture in
      let everything = AccessServiceClient(try fixture.caller(.admin))
      let all = try await everything.createKey(CreateKeyRequest(name: "all", role: .admin)).key
      #expect(all?.workspace.isEmpty == true)
      _ = try await WorkspaceServiceClient(try fixture.caller(.admin)).create(CreateWorkspaceRequest(name: "shop"))
      let shop = try await everything.createKey(CreateKeyRequest(workspace: "shop", name: "all", role: .worker)).key
      let confined = AccessServiceClient(try fixture.caller(.admin, workspace: "default"))
      // The name is free: what there is beside the own workspace does not show.
      let own = try await confined.createKey(CreateKeyRequest(name: "all", role: .admin)).key
      #expect(own?.workspace == "default")
      #expect(try await confined.listKeys(ListKeysRequest()).keys.map(\.id) == [own?.id])
      for id in [all?.id ?? "", shop?.id ?? ""] {
        let foreign = try await failure { try await confined.revokeKey(RevokeKeyRequest(key: id)) }
        let missing = try await failure { try await confined.revokeKey(RevokeKeyRequest(key: "nobody")) }
        #expect(foreign?.code == .notFound && foreign?.message.replacing(id, with: "nobody") == missing?.message)
      }
      #expect(try await failure { try await confined.listKeys(ListKeysRequest(workspace: "shop")) }?.code == .notFound)
      #expect(try await everything.listKeys(ListKeysRequest()).keys.count == 3)
      #expect(try await everything.listKeys(ListKeysRequest(workspace: "default")).keys.map(\.id) == [own?.id])
      // Two that may be meant.
      let unclear = try await failure { try await everything.revokeKey(RevokeKeyRequest(key: "all")) }
      #expect(unclear?.code == .failedPrecondition)
      let again = try await failure { try await everything.createKey(CreateKeyRequest(name: "all", role: .admin)) }
      #expect(again?.code == .alreadyExists)
      #expect(try await confined.revokeKey(RevokeKeyRequest(key: "all")).revokedAtUs != 0)
      #expect(try await everything.revokeKey(RevokeKeyRequest(key: all?.id ?? "")).revokedAtUs != 0)
      // A revoked key's name is free again; revoking twice is no second act.
      _ = try await everything.revokeKey(RevokeKeyRequest(key: all?.id ?? ""))
      _ = try await everything.createKey(CreateKeyRequest(name: "all", role: .admin))
      #expect(try await fixture.audited().map(\.entry.action).count { $0 == "apikey.revoke" } == 2)
    }
  }

  /// A worker's stream, which stays open while there is nothing to do.
  private static func stream(_ caller: InProcessPair, key: String? = nil) async throws -> ResponseStream<Run> {
    let metadata = key.map { [CallMetadata(key: "authorization", value: "Bearer \($0)")] } ?? []
    return try await RunServiceClient(caller).leaseStream(
      LeaseRunsRequest(worker: "w", maxRuns: 1), options: CallOptions(timeout: .seconds(60), metadata: metadata))
  }

  /// How a key ends.
  enum End: CaseIterable { case revoked, expired, changedInSilence }

  @Test("calls and open streams of a key end with it", arguments: End.allCases)
  func end(_ end: End) async throws {
    try await withControlPlane { fixture in
      let access = AccessServiceClient(try fixture.caller(.admin))
      let made = try await access.createKey(
        CreateKeyRequest(name: "w", role: .worker, expiresInSeconds: end == .expired ? 2 : 0))
      let kept = try await access.createKey(CreateKeyRequest(name: "kept", role: .worker))
      let byConnection = try fixture.keyCaller(made.secret)
      let nobody = try fixture.keyCaller(nil)
      let keptCaller = try fixture.keyCaller(kept.secret)
      let streams = [
        try await Self.stream(byConnection), try await Self.stream(nobody, key: made.secret),
      ]
      let untouched = try await Self.stream(nobody, key: kept.secret)
      #expect(try await AccessServiceClient(byConnection).whoAmI(WhoAmIRequest()).principal == "key:w")
      switch end {
      case .revoked: _ = try await access.revokeKey(RevokeKeyRequest(key: "w"))
      case .expired: break
      case .changedInSilence:
        // Another program changed it, and no announcement came.
        try await fixture.sql("UPDATE api_keys SET revoked_at = now() WHERE name = 'w'")
      }
      let start = ContinuousClock.now
      for stream in streams {
        let error = try await failure { try await stream.next() }
        #expect(error?.code == .unauthenticated, "\(String(describing: error))")
      }
      #expect(ContinuousClock.now - start < .seconds(5))
      let again = try await failure { try await AccessServiceClient(byConnection).whoAmI(WhoAmIRequest()) }
      #expect(again?.code == .unauthenticated || again?.code == .unavailable)
      #expect(try fixture.node.apiKeys.principal(of: made.secret) == nil)
      #expect(try await AccessServiceClient(keptCaller).whoAmI(WhoAmIRequest()).principal == "key:kept")
      untouched.cancel()
    }
  }

  @Test("another replica learns of a key and of its end")
  func replicas() async throws {
    try await withControlPlane { fixture in
      let access = AccessServiceClient(try fixture.caller(.admin))
      let other = ControlPlaneNode(fixture.node.options, masterKeys: try .forTests(), logger: .silent)
      other.start()
      let watch = APIKeyWatch(
        keys: other.apiKeys, store: other.store, feed: other.feed,
        rhythm: .init(sweep: .seconds(3600), reload: .seconds(3600), noteUse: .seconds(3600)), logger: .silent)
      #expect(throws: RPCError.self) { try other.apiKeys.principal(of: APIKeyText.generate()) }
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await watch.run() }
        let made = try await access.createKey(CreateKeyRequest(name: "w", role: .worker))
        #expect(try await eventually { (try? other.apiKeys.principal(of: made.secret)) != nil })
        _ = try await access.revokeKey(RevokeKeyRequest(key: "w"))
        #expect(try await eventually { try other.apiKeys.principal(of: made.secret) == nil })
        group.cancelAll()
      }
      await other.shutDown(within: .seconds(1))
    }
  }

  @Test("the last use is noted to the minute, in one go")
  func lastUse() async throws {
    try await withControlPlane(configure: { $0.apiKeyRhythm.noteUse = .milliseconds(10) }) { fixture in
      let access = AccessServiceClient(try fixture.caller(.admin))
      let made = try await access.createKey(CreateKeyRequest(name: "w", role: .worker))
      #expect(made.key?.lastUsedAtUs == 0)
      _ = try await AccessServiceClient(try fixture.keyCaller(made.secret)).whoAmI(WhoAmIRequest())
      #expect(
        try await eventually {
          let used = try await access.listKeys(ListKeysRequest()).keys.first?.lastUsedAtUs ?? 0
          return used > 0 && used % 60_000_000 == 0
        })
    }
  }

  @Test("keys have a limit")
  func limit() async throws {
    try await withControlPlane { fixture in
      try await fixture.sql(
        """
        INSERT INTO api_keys (workspace_id, id, all_workspaces, name, role, hash, prefix, created_by)
        SELECT w.id, gen_random_uuid(), false, 'k' || n, 3, decode(md5(n::text), 'hex'), 'hgk_', 'test'
        FROM workspaces w, generate_series(1, \(APIKeyLimits.keys)) n WHERE w.name = 'default'
        """)
      let access = AccessServiceClient(try fixture.caller(.admin))
      let error = try await failure { try await access.createKey(CreateKeyRequest(name: "more", role: .admin)) }
      #expect(error?.code == .resourceExhausted && error?.isRetryable == false)
      _ = try await access.revokeKey(RevokeKeyRequest(workspace: "default", key: "k1"))
      _ = try await access.createKey(CreateKeyRequest(name: "more", role: .admin))
    }
  }
}
