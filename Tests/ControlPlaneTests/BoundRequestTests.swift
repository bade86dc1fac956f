import HeadgateProto
import Identifiers
import NIOCore
import Store
import Testing

@testable import ControlPlane

@Suite("requests of customers")
struct BoundRequestTests {
  private static let flow = """
    {"flow": "orders", "nodes": [
      {"id": "hook", "type": "webhook_trigger", "auth": {"mode": "public"},
        "customer": [{"field": "email", "from": "body.email", "key": true}, {"field": "phone", "from": "body.phone", "key": true},
          {"field": "name", "from": "body.name"}],
        "chat": {"channel": "whatsapp", "from": "body.phone"}},
      {"id": "welcome", "type": "task"}],
      "connections": [{"from": "hook.else", "to": "welcome"}]}
    """

  @Test("a request is bound, says so, and its run has the customer and the chat")
  func bound() async throws {
    try await withControlPlane { fixture in
      let key = try await fixture.publish(Self.flow)["hook"] ?? []
      let (ingest, customers) = (try fixture.ingest, try fixture.customers)
      let workspaces = WorkspaceServiceClient(try fixture.caller(.admin))
      let bodies = [
        #"{"email": "Ana@x.com", "phone": "11 98888-7777", "name": "Ana"}"#, #"{"email": "ana@X.com", "phone": "11 98888-7777"}"#,
        #"{"name": "Nobody"}"#,
      ]
      var reports: [BindingReport] = []
      for (index, body) in bodies.enumerated() {
        // Before there is a region the number is none.
        if index == 1 { _ = try await workspaces.update(UpdateWorkspaceRequest(name: "default", defaultRegion: "BR")) }
        let request = EdgeRequest.make(key, body: body)
        #expect(try await ingest.submit(request).status == 200)
        let id = try #require(UniqueID(bytes: request.requestId))
        let workspace = try #require(try await fixture.node.store.workspace(named: "default"))
        let row = try #require(try await fixture.node.store.request(id, in: workspace.id))
        let list = try BindingReportList(decoding: ByteBuffer(bytes: row.binding ?? []))
        let report = try #require(list.reports.first)
        #expect(list.reports.count == 1 && report.node == "orders/hook")
        let run = try #require(
          try await fixture.node.store.runs(in: workspace.id, matching: RunFilter(request: id), limit: 2).first)
        #expect(run.customer?.description ?? "" == report.customerId && run.chat?.description ?? "" == report.chatId)
        #expect(row.customer == run.customer && row.chat == run.chat)
        reports.append(report)
      }
      #expect(reports.map(\.customerOutcome) == ["created", "found", "unbound"])
      #expect(reports.map(\.chatOutcome) == ["unbound", "created", "unbound"])
      #expect(reports[0].fields.map(\.action) == ["set", "invalid", "set", "invalid"])
      #expect(reports[1].fields.map(\.action) == ["unchanged", "set", "missing", "added"])
      #expect(reports[2].fields.map(\.action) == ["missing", "missing", "missing"])
      let ana = try await customers.get(GetCustomerRequest(id: reports[0].customerId))
      #expect(ana.name == "Ana" && ana.phone == "+5511988887777" && ana.chats.map(\.id) == [reports[1].chatId])
      #expect(try await customers.list(ListCustomersRequest()).customers.count == 1)
    }
  }
}
