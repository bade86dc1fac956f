package import HeadgateProto
import Identifiers
import Postgres
import Rules
package import Store

/// `CustomerService`: the customers and chats that requests were bound to.
package struct CustomerService: CustomerServiceHandler {
  private let store: Store
  private let directory: WorkspaceDirectory
  private let cursors: CursorSeal

  package init(store: Store, directory: WorkspaceDirectory, cursors: CursorSeal) {
    self.store = store
    self.directory = directory
    self.cursors = cursors
  }

  package func list(_ request: ListCustomersRequest, context: CallContext) async throws -> ListCustomersResponse {
    var checks = RequestChecks()
    checks.optional(request.contact, "contact")
    checks.optional(request.name, "name")
    checks.optional(request.cursor, "cursor")
    let size = checks.pageSize(request.pageSize, zero: CustomerLimits.standardPage)
    try checks.finish()

    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    var query = request
    query.cursor = ""
    query.pageSize = 0
    let scope = CursorSeal.Scope(list: "CustomerService.List", workspace: workspace.id, query: query)
    let before = try cursors.openID(request.cursor, scope)
    let contacts = Self.contacts(request.contact, of: ContactKind.allCases.filter { $0 != .name }, workspace)
    let filter = CustomerFilter(contacts: contacts, nameKey: ContactKind.nameKey(request.name))
    var rows = try await store.answer { store throws(StoreError) in
      try await store.customers(in: workspace.id, matching: filter, before: before, limit: size + 1)
    }
    let next = cursors.cut(&rows, to: size, scope) { $0.id.bytes }
    return ListCustomersResponse(customers: rows.map { Customer($0) }, nextCursor: next)
  }

  package func get(_ request: GetCustomerRequest, context: CallContext) async throws -> Customer {
    var checks = RequestChecks()
    let id = checks.identifier(request.id, "id")
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let found = try await store.answer { store throws(StoreError) -> CustomerDetails? in
      guard let id else { return nil }
      return try await store.customer(id, in: workspace.id, contacts: CustomerLimits.contacts, chats: CustomerLimits.chats)
    }
    guard let found else { throw RPCError(.notFound, "there is no customer \(request.id)") }
    return Customer(found.customer, contacts: found.contacts, chats: found.chats)
  }

  package func listChats(_ request: ListChatsRequest, context: CallContext) async throws -> ListChatsResponse {
    var checks = RequestChecks()
    checks.optional(request.contact, "contact")
    checks.optional(request.cursor, "cursor")
    let customer = request.customer.isEmpty ? nil : checks.identifier(request.customer, "customer")
    var channels = BindingRule.channels
    if !request.channel.isEmpty {
      channels = channels.filter { $0.rawValue == request.channel }
      if channels.isEmpty {
        let names = BindingRule.channels.map(\.rawValue).joined(separator: ", ")
        checks.fault("channel", "invalid_value", "channel must be one of \(names)")
      }
    }
    let size = checks.pageSize(request.pageSize, zero: CustomerLimits.standardPage)
    try checks.finish()

    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    var query = request
    query.cursor = ""
    query.pageSize = 0
    let scope = CursorSeal.Scope(list: "CustomerService.ListChats", workspace: workspace.id, query: query)
    let before = try cursors.openID(request.cursor, scope)
    let filter = ChatFilter(
      channel: request.channel.isEmpty ? nil : channels.first, customer: customer,
      contacts: Self.contacts(request.contact, of: channels, workspace))
    var rows = try await store.answer { store throws(StoreError) in
      try await store.chats(in: workspace.id, matching: filter, before: before, limit: size + 1)
    }
    let next = cursors.cut(&rows, to: size, scope) { $0.id.bytes }
    return ListChatsResponse(chats: rows.map(Chat.init), nextCursor: next)
  }

  package func getChat(_ request: GetChatRequest, context: CallContext) async throws -> Chat {
    var checks = RequestChecks()
    let id = checks.identifier(request.id, "id")
    try checks.finish()
    let workspace = try await directory.workspace(request.workspace, for: context.principal)
    let row = try await store.answer { store throws(StoreError) -> ChatRow? in
      guard let id else { return nil }
      return try await store.chat(id, in: workspace.id)
    }
    guard let row else { throw RPCError(.notFound, "there is no chat \(request.id)") }
    return Chat(row)
  }

  /// What a text is as a contact of these kinds, after normalization; `nil`: there is no text.
  private static func contacts(_ text: String, of kinds: [ContactKind], _ workspace: WorkspaceRow) -> [ContactKey]? {
    guard !text.isEmpty else { return nil }
    return kinds.compactMap { kind in
      guard let value = try? kind.normalize(Array(text.utf8), region: workspace.defaultRegion) else { return nil }
      return ContactKey(kind, value)
    }
  }
}

/// Limits of `CustomerService`.
enum CustomerLimits {
  static let standardPage: UInt32 = 50
  /// Contacts that one customer is shown with.
  static let contacts = 200
  /// Chats that one customer is shown with.
  static let chats = 100
}

extension Customer {
  init(_ row: CustomerRow, contacts: [ContactRow] = [], chats: [ChatRow] = []) {
    self.init(
      id: row.id.description, name: row.name, email: row.email, phone: row.phone, document: row.document,
      createdAtUs: row.createdAt.microseconds, updatedAtUs: row.updatedAt.microseconds,
      contacts: contacts.map { contact in
        CustomerContact(
          kind: contact.kind, value: contact.value, original: contact.original, direct: row.isDirect(contact),
          createdAtUs: contact.createdAt.microseconds)
      }, chats: chats.map(Chat.init))
  }
}

extension Chat {
  init(_ row: ChatRow) {
    self.init(
      id: row.id.description, channel: row.channel, contact: row.contact, original: row.original,
      customerId: row.customer?.description ?? "", createdAtUs: row.createdAt.microseconds)
  }
}
