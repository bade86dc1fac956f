import HeadgateProto
import Testing

@testable import Client

@Suite struct CustomerCommandTests {
  private static let id = "01934a5e-0000-7000-8000-000000000000"
  private static let time: Int64 = 1_767_322_985_123_456

  private static let chat = Chat(
    id: "01934a5e-0000-7000-8000-00000000000c", channel: "whatsapp", contact: "+5511988887777",
    original: Array("(11) 98888\u{1b}[2J".utf8), customerId: id, createdAtUs: time)

  private static let ana = Customer(
    id: id, name: "Ana\u{9b}1m", email: "ana@x.com", phone: "+5511988887777", createdAtUs: time, updatedAtUs: time,
    contacts: [
      CustomerContact(kind: "email", value: "ana@x.com", original: Array("Ana@X.com".utf8), direct: true, createdAtUs: time),
      CustomerContact(kind: "telegram", value: "ana", original: [0xff], createdAtUs: time),
    ], chats: [chat])

  private func control() -> FakeControlPlane {
    let control = FakeControlPlane()
    control.on(CustomerServiceMethods.get) { _ in Self.ana }
    control.on(CustomerServiceMethods.getChat) { _ in Self.chat }
    control.on(CustomerServiceMethods.list) { request in
      request.cursor.isEmpty
        ? ListCustomersResponse(customers: [Self.ana], nextCursor: "next") : ListCustomersResponse(customers: [Customer(id: "b")])
    }
    control.on(CustomerServiceMethods.listChats) { _ in ListChatsResponse(chats: [Self.chat]) }
    control.on(WorkspaceServiceMethods.update) { request in
      Workspace(id: "w", name: request.name, defaultRegion: request.defaultRegion ?? "?")
    }
    return control
  }

  @Test(arguments: [
    ["customer", "show"], ["customer", "list", "--limit", "0"], ["customer", "list", "--email", "x"], ["chat", "show"],
    ["chat", "list", "--chanel", "sms"], ["workspace", "update"], ["workspace", "update", "shop"],
  ])
  func invalidUsageIsRefused(arguments: [String]) async {
    let run = await CommandRun.headgate(arguments, .init(control: control()))
    #expect(run.status == 2)
    #expect(run.output.isEmpty && !run.errors.isEmpty)
  }

  @Test(arguments: [
    ["customer"], ["customer", "list"], ["customer", "show"], ["chat"], ["chat", "list"], ["chat", "show"],
    ["workspace", "update"],
  ])
  func helpHasAnExample(arguments: [String]) async {
    let run = await CommandRun.headgate(arguments + ["--help"])
    #expect(run.status == 0)
    #expect(run.output.contains("Example: headgate \(arguments[0]) "))
  }

  @Test func faultsOfFieldsAreShown() async {
    let control = control()
    control.on(CustomerServiceMethods.listChats) { _ in
      throw RPCError(
        .invalidArgument, "channel must be one of", faults: [Fault(path: "channel", code: "invalid_value", message: "m")])
    }
    let run = await CommandRun.headgate(["chat", "list", "--channel", "phone"], .init(control: control))
    #expect(run.status == 2 && run.errors.contains("channel"))
  }

  @Test func listsCarryTheirFiltersAndPages() async throws {
    let control = control()
    var run = await CommandRun.headgate(
      ["customer", "list", "--contact", "ana@x.com", "--name", "an", "--all"], .init(control: control))
    #expect(run.status == 0)
    let lists = control.requests(of: CustomerServiceMethods.list)
    #expect(lists.map(\.cursor) == ["", "next"])
    #expect(lists.allSatisfy { $0.contact == "ana@x.com" && $0.name == "an" })
    #expect(run.output.hasPrefix("ID "))
    #expect(run.output.contains("ana@x.com") && !run.output.contains("\u{9b}"))
    run = await CommandRun.headgate(["customer", "list", "--limit", "1"], .init(control: control))
    #expect(run.errors == "more: add --cursor next\n")
    run = await CommandRun.headgate(
      ["chat", "list", "--channel", "whatsapp", "--contact", "11 98888", "--customer", Self.id, "-o", "json"],
      .init(control: control))
    let asked = try #require(control.requests(of: CustomerServiceMethods.listChats).last)
    #expect(asked.channel == "whatsapp" && asked.contact == "11 98888" && asked.customer == Self.id)
    let json = try JSONReader.read(run.output.utf8).json
    #expect(json["next_cursor"] == .null)
    guard case .array(let chats)? = json["chats"] else { throw RPCError(.internal, "no chats") }
    #expect(chats.first?["customer_id"] == .string(Self.id))
  }

  @Test func aCustomerIsShownWithContactsAndChats() async throws {
    let run = await CommandRun.headgate(["customer", "show", Self.id], .init(control: control()))
    for part in ["ana@x.com", "contacts", "telegram", "chats", "whatsapp", "+5511988887777", "2026-01-02T03:03:05.123Z"] {
      #expect(run.output.contains(part), "\(part)")
    }
    #expect(!run.output.contains("\u{1b}"))
    let json = try JSONReader.read(
      await CommandRun.headgate(["customer", "show", Self.id, "-o", "json"], .init(control: control())).output.utf8
    ).json
    #expect(json["document"] == .null && json["email"] == "ana@x.com")
    guard case .array(let contacts)? = json["contacts"] else { throw RPCError(.internal, "no contacts") }
    #expect(contacts.map { $0["direct"] } == [true, false])
    let chat = await CommandRun.headgate(["chat", "show", Self.chat.id], .init(control: control()))
    #expect(chat.output.contains("whatsapp") && !chat.output.contains("\u{1b}"))
  }

  @Test func aWorkspaceGetsItsRegion() async {
    let control = control()
    var run = await CommandRun.headgate(["workspace", "update", "shop", "--region", "br"], .init(control: control))
    #expect(run.output == "shop: region BR\n")
    run = await CommandRun.headgate(["workspace", "update", "shop", "--region", ""], .init(control: control))
    #expect(run.output == "shop: region none\n")
    #expect(control.requests(of: WorkspaceServiceMethods.update).map(\.defaultRegion) == ["BR", ""])
  }
}
