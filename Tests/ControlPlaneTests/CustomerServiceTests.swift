import HeadgateProto
import Identifiers
import Postgres
import RPC
import Rules
import Store
import Testing

@testable import ControlPlane

@Suite("CustomerService")
struct CustomerServiceTests {
  /// Binds one request after the other, as the ingest path does.
  private func bind(_ requests: [BindingRequest], _ fixture: Fixture) async throws -> [BindingOutcome] {
    let key = String(decoding: try await fixture.publish(Definitions.open())["hook"] ?? [], as: UTF8.self)
    let trigger = try await fixture.triggers.get(GetTriggerRequest(trigger: key))
    let workspace = try #require(try await fixture.node.store.workspace(named: "default"))
    var outcomes: [BindingOutcome] = []
    for request in requests {
      let now = UnixTime.now()
      let id = RequestIDGenerator().next(unixMilliseconds: now.microseconds / 1000)
      let row = RequestRow(
        workspace: workspace.id, id: id, trigger: try #require(UniqueID(trigger.id)), receivedAt: now, outcome: 1, status: 200)
      let result = Monitor<BindingOutcome?>(nil)
      let entry = IngestEntry(request: row, parts: [IngestPart(binding: request)], deadline: .now + .seconds(20)) {
        row, results in
        result.withLock { $0 = results.first?.binding }
        return row
      }
      await withCheckedContinuation { continuation in fixture.node.ingest.submit(entry) { _ in continuation.resume() } }
      outcomes.append(try #require(result.withLock { $0 }))
    }
    return outcomes
  }

  private func field(_ kind: ContactKind, _ text: String, isKey: Bool = true) throws -> BindingRequest.Field {
    BindingRequest.Field(
      kind: kind, isKey: isKey, original: Array(text.utf8), value: try kind.normalize(Array(text.utf8), region: "BR"))
  }

  @Test(
    "fields out of their bounds are named",
    arguments: [
      (ListChatsRequest(channel: "phone"), "channel"), (ListChatsRequest(customer: "x"), "customer"),
      (ListChatsRequest(contact: String(repeating: "x", count: 513)), "contact"), (ListChatsRequest(pageSize: 1001), "page_size"),
      (ListChatsRequest(cursor: "nonsense"), "cursor"),
    ])
  func faults(request: ListChatsRequest, path: String) async throws {
    try await withControlPlane { fixture in
      let error = try await failure { try await fixture.customers.listChats(request) }
      #expect(error.paths == [path])
      guard request.channel.isEmpty, request.customer.isEmpty else { return }
      let list = ListCustomersRequest(contact: request.contact, pageSize: request.pageSize, cursor: request.cursor)
      #expect(try await failure { try await fixture.customers.list(list) }.paths == [path])
    }
  }

  @Test("what does not exist is not found")
  func missing() async throws {
    try await withControlPlane { fixture in
      let customers = try fixture.customers
      #expect(try await failure { try await customers.get(GetCustomerRequest(id: "x")) }.paths == ["id"])
      #expect(try await failure { try await customers.getChat(GetChatRequest(id: "")) }.paths == ["id"])
      let id = UniqueID.random().description
      #expect(try await failure { try await customers.get(GetCustomerRequest(id: id)) }?.code == .notFound)
      #expect(try await failure { try await customers.getChat(GetChatRequest(id: id)) }?.code == .notFound)
      #expect(try await customers.list(ListCustomersRequest(contact: "nobody@x.com")).customers.isEmpty)
    }
  }

  @Test("customers are found by contact and name, shown with all that is theirs, and paged")
  func customers() async throws {
    try await withControlPlane { fixture in
      _ = try await WorkspaceServiceClient(try fixture.caller(.operator)).update(
        UpdateWorkspaceRequest(name: "default", defaultRegion: "BR"))
      let chat = try BindingRequest.Chat(channel: .whatsapp, contact: field(.whatsapp, "11 97777-6666"))
      let bound = try await bind(
        [
          BindingRequest(customer: [try field(.email, "Ana@x.com"), try field(.name, "Ana Maria", isKey: false)], chat: chat),
          BindingRequest(customer: [try field(.email, "ana@x.com"), try field(.email, "ana@y.com", isKey: false)]),
          BindingRequest(customer: [try field(.phone, "11 98888-7777"), try field(.name, "Maria", isKey: false)]),
          BindingRequest(customer: [try field(.instagram, "@bia")]),
        ], fixture)
      let ids = [bound[0], bound[2], bound[3]].map { $0.customer?.description ?? "" }
      let customers = try fixture.customers
      let found: [(ListCustomersRequest, [Int])] = [
        (ListCustomersRequest(), [2, 1, 0]), (ListCustomersRequest(contact: " ANA@Y.com"), [0]),
        (ListCustomersRequest(contact: "(11) 98888-7777"), [1]), (ListCustomersRequest(contact: "@Bia"), [2]),
        (ListCustomersRequest(contact: "11977776666"), [0]), (ListCustomersRequest(name: "MARIA"), [1, 0]),
        (ListCustomersRequest(contact: "ana@x.com", name: "bia"), []), (ListCustomersRequest(name: "%"), []),
      ]
      for (request, indices) in found {
        #expect(try await customers.list(request).customers.map(\.id) == indices.map { ids[$0] }, "\(request)")
      }
      var seen: [String] = []
      var cursor = ""
      repeat {
        let page = try await customers.list(ListCustomersRequest(pageSize: 1, cursor: cursor))
        seen += page.customers.map(\.id)
        cursor = page.nextCursor
      } while !cursor.isEmpty
      #expect(seen == ids.reversed())

      let ana = try await customers.get(GetCustomerRequest(id: ids[0]))
      #expect(ana.name == "Ana Maria" && ana.email == "ana@x.com" && ana.phone.isEmpty)
      #expect(ana.contacts.map(\.kind) == ["email", "email", "whatsapp"])
      #expect(ana.contacts.map(\.value) == ["ana@x.com", "ana@y.com", "+5511977776666"])
      #expect(ana.contacts.map(\.direct) == [true, false, false])
      #expect(ana.contacts[0].original == Array("Ana@x.com".utf8))
      #expect(ana.chats.map(\.contact) == ["+5511977776666"] && ana.chats.map(\.customerId) == [ids[0]])

      for request in [
        ListChatsRequest(), ListChatsRequest(channel: "whatsapp"), ListChatsRequest(customer: ids[0]),
        ListChatsRequest(contact: "11 97777 6666"),
      ] {
        #expect(try await customers.listChats(request).chats == ana.chats, "\(request)")
      }
      #expect(try await customers.listChats(ListChatsRequest(channel: "sms")).chats.isEmpty)
      #expect(try await customers.listChats(ListChatsRequest(channel: "telegram", contact: "+5511977776666")).chats.isEmpty)
      #expect(try await customers.getChat(GetChatRequest(id: ana.chats[0].id)) == ana.chats[0])
      // Of another workspace nothing is seen.
      _ = try await WorkspaceServiceClient(try fixture.caller(.admin)).create(CreateWorkspaceRequest(name: "two"))
      let stranger = CustomerServiceClient(try fixture.caller(.reader, workspace: "two"))
      #expect(try await failure { try await stranger.get(GetCustomerRequest(id: ids[0])) }?.code == .notFound)
      #expect(try await failure { try await stranger.getChat(GetChatRequest(id: ana.chats[0].id)) }?.code == .notFound)
      #expect(try await stranger.list(ListCustomersRequest()).customers.isEmpty)
      #expect(try await failure { try await stranger.list(ListCustomersRequest(workspace: "default")) }?.code == .notFound)
    }
  }

  @Test("a region is one with phone numbers, or none; the change is audited")
  func region() async throws {
    try await withControlPlane { fixture in
      let workspaces = WorkspaceServiceClient(try fixture.caller(.operator))
      for region in ["br", "XX", "BRA", "B\u{0}", "💥"] {
        let update = UpdateWorkspaceRequest(name: "default", defaultRegion: region)
        #expect(try await failure { try await workspaces.update(update) }.paths == ["default_region"])
      }
      #expect(try await failure { try await workspaces.update(UpdateWorkspaceRequest()) }.paths == ["name"])
      #expect(try await failure { try await workspaces.update(UpdateWorkspaceRequest(name: "two")) }?.code == .notFound)
      #expect(try await fixture.audited().isEmpty)
      #expect(try await workspaces.update(UpdateWorkspaceRequest(name: "default", defaultRegion: "BR")).defaultRegion == "BR")
      #expect(try await workspaces.get(GetWorkspaceRequest(name: "default")).defaultRegion == "BR")
      #expect(try await workspaces.update(UpdateWorkspaceRequest(name: "default")).defaultRegion == "BR")
      #expect(try await workspaces.update(UpdateWorkspaceRequest(name: "default", defaultRegion: "")).defaultRegion.isEmpty)
      #expect(try await workspaces.list(ListWorkspacesRequest()).workspaces.map(\.defaultRegion) == [""])
      #expect(try await fixture.audited().map(\.entry.action) == ["workspace.update", "workspace.update"])
    }
  }

  @Test("what binding did is stored as a report")
  func report() {
    var outcome = BindingOutcome()
    outcome.customerManner = .found
    outcome.customer = UniqueID(high: 1, low: 2)
    outcome.foundBy = .email
    outcome.fields = [BindingOutcome.BoundField(field: "chat", original: [0xff], value: "v", action: .conflict, message: "m")]
    outcome.otherMatches = [BindingOutcome.OtherMatch(customer: UniqueID(high: 3, low: 4), field: .phone)]
    outcome.chatManner = .created
    outcome.chat = UniqueID(high: 5, low: 6)
    outcome.chatConflict = UniqueID(high: 7, low: 8)
    outcome.failure = "f"
    let id = { (high: UInt64, low: UInt64) in UniqueID(high: high, low: low).description }
    let expected = BindingReport(
      node: "orders/hook", element: 3, customerOutcome: "found", customerId: id(1, 2), foundBy: "email",
      fields: [BoundField(field: "chat", original: [0xff], value: "v", action: "conflict", message: "m")],
      otherMatches: [OtherMatch(customerId: id(3, 4), field: "phone")], chatOutcome: "created", chatId: id(5, 6),
      chatConflictCustomerId: id(7, 8), failure: "f")
    #expect(BindingReport(outcome, node: "orders/hook", element: 3) == expected)
    #expect(BindingReport(BindingOutcome(), node: "", element: 0) == BindingReport())
  }
}
