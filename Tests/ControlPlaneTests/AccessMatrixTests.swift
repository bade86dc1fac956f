import HeadgateProto
import Identifiers
import RPC
import Store
import Testing

@testable import ControlPlane

/// Every method × every kind of caller × the own workspace, another one's things, and things that do not exist.
@Suite("access matrix")
struct AccessMatrixTests {
  private static let roles: [Role] = [.edge, .admin, .operator, .reader, .worker]
  private typealias Row = (service: String, method: String, roles: Set<Role>, shape: CallShape)

  private static func name(_ row: Row) -> String { "\(row.service.dropFirst("headgate.v1.".count))/\(row.method)" }

  /// Whether a method has no handler in this version.
  private static func isAwaited(_ error: RPCError?) -> Bool { error?.code == .unimplemented }

  @Test("every method has a cell, and no cell is without its method")
  func cells() {
    #expect(Set(HeadgateMethods.all.map(Self.name)).symmetricDifference(AccessCell.all.keys) == [])
  }

  /// Workspace "one" with one of everything.
  private static func furnish(_ fixture: Fixture) async throws -> ForeignObjects {
    let admin = try fixture.caller(.admin)
    for name in ["one", "two"] {
      _ = try await WorkspaceServiceClient(admin).create(CreateWorkspaceRequest(name: name))
    }
    let key = try await fixture.publish(Definitions.open(), workspace: "one")["hook"] ?? []
    _ = try await fixture.ingest.submit(EdgeRequest.make(key))
    var objects = ForeignObjects()
    let flow = try await FlowServiceClient(admin).get(GetFlowRequest(workspace: "one", flow: "orders"))
    objects.flow = flow.id
    objects.trigger = flow.triggers.first?.id ?? ""
    objects.request = try await LogServiceClient(admin).query(QueryLogsRequest(workspace: "one")).entries.first?.id ?? ""
    objects.run = try await RunServiceClient(admin).list(ListRunsRequest(workspace: "one")).runs.first?.id ?? ""
    objects.apiKey =
      try await AccessServiceClient(admin).createKey(CreateKeyRequest(workspace: "one", name: "k", role: .reader)).key?.id ?? ""
    objects.serial = "0f0e"
    let certificate = PeerCertificate(
      commonName: "of-one", uris: ["headgate:role:reader", "headgate:workspace:one"], issuer: "CN=Headgate CA",
      serialNumber: [0x0f, 0x0e], der: [1])
    _ = try await AccessServiceClient(try fixture.certificateCaller(certificate)).whoAmI(WhoAmIRequest())
    try await fixture.node.certificates.noteUse()
    objects.variable = "present"
    _ = try await VariableServiceClient(admin).set(SetVariableRequest(workspace: "one", name: "present", value: "v"))
    #expect(!objects.all.contains(""))
    return objects
  }

  /// What is the same of two answers: the code, the faults and the words without what was asked for.
  private static func shape(_ error: RPCError?, _ objects: ForeignObjects, _ workspace: String) -> String {
    guard let error else { return "ok" }
    var message = error.message
    for name in objects.all + [workspace] where !name.isEmpty { message = message.replacing(name, with: "…") }
    return "\(error.code): \(message) \(error.faults)"
  }

  @Test("what another workspace has is as if it did not exist, for every role and method", arguments: roles)
  func foreign(role: Role) async throws {
    try await withControlPlane(configure: { $0.keyPace.pause = .zero }) { fixture in
      let objects = try await Self.furnish(fixture)
      let absent = ForeignObjects.absent()
      let stranger = try fixture.caller(role, workspace: "two")
      for row in HeadgateMethods.all where row.service != "headgate.v1.SessionService" {
        let name = Self.name(row)
        let cell = try #require(AccessCell.all[name])
        let mayCall = row.roles.contains(role)
        // In the own workspace the caller gets as far as its role lets it.
        let own = try await cell.call(stranger, workspace: "", absent)
        if Self.isAwaited(own) { continue }
        let isConfined = ["Submit", "Rewrap", "Create", "Watch"].contains(row.method)
        if mayCall {
          if !isConfined { #expect(own?.code != .permissionDenied, "\(role) → \(name), own: \(String(describing: own))") }
          #expect(own?.code != .internal && own?.code != .unauthenticated, "\(role) → \(name), own: \(String(describing: own))")
          if cell.rule == .object { #expect(own?.code == .notFound, "\(role) → \(name), own: \(String(describing: own))") }
        } else {
          #expect(own?.code == .permissionDenied, "\(role) → \(name), own: \(String(describing: own))")
        }
        guard cell.rule != .caller else { continue }
        let foreign = try await cell.call(stranger, workspace: "one", objects)
        let missing = try await cell.call(stranger, workspace: "nowhere", absent)
        #expect(
          Self.shape(foreign, objects, "one") == Self.shape(missing, absent, "nowhere"), "\(role) → \(name), other workspace")
        #expect(foreign?.code == (mayCall ? .notFound : .permissionDenied), "\(role) → \(name): \(String(describing: foreign))")
        guard cell.rule == .object else { continue }
        // Another's object by its id, without naming the workspace.
        let byID = try await cell.call(stranger, workspace: "", objects)
        #expect(Self.shape(byID, objects, "") == Self.shape(own, absent, ""), "\(role) → \(name), other's object")
      }
      // Nothing was changed by any of it.
      let admin = try fixture.caller(.admin)
      let flow = try await FlowServiceClient(admin).get(GetFlowRequest(workspace: "one", flow: objects.flow))
      #expect(flow.revision == 1 && flow.triggers.map(\.id) == [objects.trigger] && flow.triggers.first?.enabled == true)
      #expect(try await RunServiceClient(admin).get(GetRunRequest(workspace: "one", id: objects.run)).state == .ready)
      let keys = try await AccessServiceClient(admin).listKeys(ListKeysRequest(workspace: "one")).keys
      #expect(keys.map(\.revokedAtUs) == [0])
      let certificates = try await AccessServiceClient(admin).listCertificates(ListCertificatesRequest(workspace: "one"))
      #expect(certificates.certificates.map(\.revokedAtUs) == [0])
    }
  }

  /// Who has no right to be here (any more).
  enum Nobody: CaseIterable { case anonymous, revoked, expired }

  @Test("nobody is told the same of everything", arguments: Nobody.allCases)
  func nobody(_ nobody: Nobody) async throws {
    try await withControlPlane { fixture in
      let objects = try await Self.furnish(fixture)
      let access = AccessServiceClient(try fixture.caller(.admin))
      var metadata: [CallMetadata] = []
      var expected = RPCError(.unauthenticated, "a certificate with a role or an API key is needed")
      if nobody != .anonymous {
        let key = try await access.createKey(
          CreateKeyRequest(workspace: "one", name: "gone", role: .admin, expiresInSeconds: nobody == .expired ? 1 : 0))
        if nobody == .revoked { _ = try await access.revokeKey(RevokeKeyRequest(workspace: "one", key: "gone")) }
        #expect(try await eventually { try fixture.node.apiKeys.principal(of: key.secret) == nil })
        metadata = [CallMetadata(key: "authorization", value: "Bearer \(key.secret)")]
        expected = RPCError(.unauthenticated, "the API key is not valid here")
      }
      let pair = try fixture.keyCaller(nil)
      for row in HeadgateMethods.all where !row.roles.contains(.anyone) {
        let method = RPCMethod<GetFlowRequest, DeleteFlowResponse>(
          service: row.service, name: row.method, shape: row.shape, roles: row.roles)
        for workspace in ["one", "two", "nowhere"] {
          let request = GetFlowRequest(workspace: workspace, flow: objects.flow)
          let options = CallOptions(timeout: .seconds(5), metadata: metadata)
          let error = try await failure {
            switch row.shape {
            case .unary: _ = try await pair.call(method, request, options: options)
            case .serverStream: _ = try await pair.stream(method, request, options: options).next()
            case .clientStream: _ = try await pair.upload(method, options: options) { _ in }
            }
          }
          #expect(error == expected, "\(nobody) → \(row.service)/\(row.method): \(String(describing: error))")
        }
      }
    }
  }

  /// Methods that change something and leave no audit row, with the reason.
  private static let unaudited: [String: String] = [
    "IngestService/Submit": "the request is the record", "RunService/Lease": "a worker's daily work",
    "RunService/LeaseStream": "a worker's daily work", "RunService/Heartbeat": "a worker's daily work",
    "RunService/Complete": "a worker's daily work", "RunService/Fail": "a worker's daily work",
    "ListenService/Listen": "the session is a record of its own", "ListenService/Cancel": "as for Listen",
  ]
  private static let reading: Set<String> = [
    "Get", "List", "ListKeys", "ListCertificates", "ListChats", "GetChat", "WhoAmI", "QueryAudit", "Query", "Tail", "Stats",
    "Export", "Leaves",
    "Status", "Watch", "Hello", "Authenticate", "SignSample",
  ]

  @Test("every method that changes something leaves an audit row, or is named with the reason why not")
  func audited() async throws {
    try await withControlPlane(configure: { $0.keyPace.pause = .zero }) { fixture in
      let admin = try fixture.caller(.admin)
      _ = try await fixture.publish(Definitions.bearer(secret: "a-secret-of-some-length"))
      var objects = ForeignObjects.absent()
      let key = try await fixture.publish(Definitions.open("other"))["hook"] ?? []
      _ = try await fixture.ingest.submit(EdgeRequest.make(key))
      let flow = try await FlowServiceClient(admin).get(GetFlowRequest(flow: "orders"))
      objects.flow = flow.id
      objects.trigger = flow.triggers.first?.id ?? ""
      objects.request = try await LogServiceClient(admin).query(QueryLogsRequest()).entries.first?.id ?? ""
      let run = try #require(try await RunServiceClient(admin).lease(LeaseRunsRequest()).runs.first)
      _ = try await RunServiceClient(admin).fail(FailRunRequest(id: run.id, leaseEpoch: run.leaseEpoch, permanent: true))
      objects.run = run.id
      objects.apiKey = try await AccessServiceClient(admin).createKey(CreateKeyRequest(name: "old", role: .reader)).key?.id ?? ""

      let changing = HeadgateMethods.all.filter { !Self.reading.contains($0.method) }
      // What deletes comes last.
      let ordered = changing.filter { $0.method != "Delete" } + changing.filter { $0.method == "Delete" }.reversed()
      for row in ordered {
        let name = Self.name(row)
        if Self.unaudited[name] != nil { continue }
        let cell = try #require(AccessCell.all[name])
        let before = try await fixture.audited().count
        let error: RPCError?
        switch name {
        case "FlowService/Apply":
          error = try await failure {
            _ = try await FlowServiceClient(admin).apply(
              ApplyFlowRequest(definition: Array(Definitions.open("fresh").utf8), publish: false))
          }
        case "FlowService/Publish":
          error = try await failure { _ = try await FlowServiceClient(admin).publish(PublishFlowRequest(flow: "fresh")) }
        case "TriggerService/Update":
          let trigger = try await TriggerServiceClient(admin).get(GetTriggerRequest(trigger: "orders/hook"))
          let config = #"{"id": "hook", "type": "webhook_trigger", "auth": {"mode": "bearer"}, "methods": ["PUT"]}"#
          error = try await failure {
            _ = try await TriggerServiceClient(admin).update(
              UpdateTriggerRequest(trigger: "orders/hook", config: Array(config.utf8), revision: trigger.revision))
          }
        case "AccessService/RevokeCertificate":
          error = try await failure {
            _ = try await AccessServiceClient(admin).revokeCertificate(
              RevokeCertificateRequest(fingerprint: Array(repeating: 1, count: 32)))
          }
        case "WorkspaceService/Update":
          error = try await failure {
            _ = try await WorkspaceServiceClient(admin).update(UpdateWorkspaceRequest(name: "default", defaultRegion: "BR"))
          }
        case "VariableService/Delete":
          error = try await failure { _ = try await VariableServiceClient(admin).delete(DeleteVariableRequest(name: "MADE")) }
        case "ReplayService/Replay":
          error = try await failure {
            let stream = try await ReplayServiceClient(admin).replay(ReplayRequest(ids: [objects.request]))
            while try await stream.next() != nil {}
          }
        case "KeyService/Rotate":
          error = try await failure {
            let stream = try await KeyServiceClient(admin).rotate(RotateKeyRequest(), options: CallOptions(timeout: .seconds(20)))
            while try await stream.next() != nil {}
          }
        case "FlowService/Delete":
          error = try await failure { _ = try await FlowServiceClient(admin).delete(DeleteFlowRequest(flow: "fresh")) }
        default: error = try await cell.call(admin, workspace: "", objects)
        }
        if Self.isAwaited(error) { continue }
        #expect(error == nil, "\(name): \(String(describing: error))")
        let rows = try await fixture.audited()
        #expect(rows.count > before, "\(name) left no audit row")
        #expect(rows.last?.entry.principal == "tester" && rows.last?.entry.action.isEmpty == false)
      }
    }
  }

  @Test("the audit log is found by what, who, to what and when, page by page, and by nobody but administrators")
  func query() async throws {
    try await withControlPlane { fixture in
      let access = AccessServiceClient(try fixture.caller(.admin))
      for name in ["a", "b", "c"] { try await fixture.publish(Definitions.bearer(name, secret: "a-secret-of-some-length")) }
      let boss = try fixture.caller(.admin, name: "boss")
      _ = try await TriggerServiceClient(boss).reveal(RevealTriggerRequest(trigger: "a/hook", reason: "why not"))
      _ = try await TriggerServiceClient(boss).disable(DisableTriggerRequest(trigger: "b/hook"))
      func actions(_ request: QueryAuditRequest) async throws -> [String] {
        try await access.queryAudit(request).records.map(\.action)
      }
      #expect(try await actions(QueryAuditRequest(action: "trigger.")) == ["trigger.disable", "trigger.reveal"])
      #expect(try await actions(QueryAuditRequest(action: "trigger.reveal")) == ["trigger.reveal"])
      #expect(try await actions(QueryAuditRequest(action: "trigger")).isEmpty)
      #expect(try await actions(QueryAuditRequest(principal: "boss", object: "b/hook")) == ["trigger.disable"])
      let reveal = try #require(try await access.queryAudit(QueryAuditRequest(action: "trigger.reveal")).records.first)
      #expect(String(decoding: reveal.details, as: UTF8.self).contains("why not") && reveal.principal == "boss")
      #expect(try await actions(QueryAuditRequest(sinceUs: reveal.atUs + 1)) == ["trigger.disable"])
      #expect(try await actions(QueryAuditRequest(principal: "boss", untilUs: reveal.atUs + 1)) == ["trigger.reveal"])
      #expect(try await actions(QueryAuditRequest(principal: "boss' OR true --")).isEmpty)

      var all: [String] = []
      var cursor = ""
      repeat {
        let page = try await access.queryAudit(QueryAuditRequest(pageSize: 2, cursor: cursor))
        #expect(page.records.count <= 2)
        all += page.records.map(\.id)
        cursor = page.nextCursor
        // Rows that arrive meanwhile do not move the pages.
        _ = try await TriggerServiceClient(boss).enable(EnableTriggerRequest(trigger: "b/hook"))
      } while !cursor.isEmpty
      #expect(all.count == Set(all).count && all == all.sorted().reversed())
      #expect(all.count == 5)
      let foreign = try await access.queryAudit(QueryAuditRequest(action: "flow.", pageSize: 1)).nextCursor
      let other = try await failure { try await access.queryAudit(QueryAuditRequest(action: "x", pageSize: 1, cursor: foreign)) }
      #expect(other.paths == ["cursor"])
      let faults = try await failure {
        try await access.queryAudit(QueryAuditRequest(sinceUs: 5, untilUs: 5, pageSize: 1001))
      }
      #expect(faults.paths == ["until_us", "page_size"])
    }
  }
}
