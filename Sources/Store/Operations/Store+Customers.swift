package import Identifiers
import Postgres
import Rules

extension Store {
  /// Customers, newest first.
  ///
  /// - Parameter id: only those older than this one; `nil`: from the newest.
  package func customers(
    in workspace: UniqueID, matching filter: CustomerFilter, before id: UniqueID? = nil, limit: Int
  ) async throws(StoreError) -> [CustomerRow] {
    try await read { session in
      try session.query(
        Statements.listCustomers,
        [
          .id(workspace), .id(id ?? .greatest), .optional(filter.contacts) { .texts($0.map(\.kind.rawValue)) },
          .optional(filter.contacts) { .texts($0.map(\.value)) }, .text(filter.nameKey), .int32(Int32(clamping: limit)),
        ]
      ).map { try CustomerRow(&$0) }
    }
  }

  /// A customer with so many contacts and chats at most.
  package func customer(
    _ id: UniqueID, in workspace: UniqueID, contacts: Int, chats: Int
  ) async throws(StoreError) -> CustomerDetails? {
    try await read { session in
      let customer = try session.query(Statements.customerById, [.id(workspace), .id(id)]).first { try CustomerRow(&$0) }
      guard let customer else { return nil }
      return CustomerDetails(
        customer: customer,
        contacts: try session.query(
          Statements.contactsOfCustomer, [.id(workspace), .id(id), .int32(Int32(clamping: contacts))]
        ).map { row in
          ContactRow(
            kind: try row.text(), value: try row.text(), original: try row.bytes(), createdAt: try row.time())
        },
        chats: try session.chats(in: workspace, matching: ChatFilter(customer: id), before: .greatest, limit: chats))
    }
  }

  /// Chats, newest first.
  ///
  /// - Parameter id: only those older than this one; `nil`: from the newest.
  package func chats(
    in workspace: UniqueID, matching filter: ChatFilter, before id: UniqueID? = nil, limit: Int
  ) async throws(StoreError) -> [ChatRow] {
    try await read { session in try session.chats(in: workspace, matching: filter, before: id ?? .greatest, limit: limit) }
  }

  /// A chat by id.
  package func chat(_ id: UniqueID, in workspace: UniqueID) async throws(StoreError) -> ChatRow? {
    try await read { session in try session.query(Statements.chatById, [.id(workspace), .id(id)]).first { try ChatRow(&$0) } }
  }
}

extension PostgresSession {
  fileprivate func chats(
    in workspace: UniqueID, matching filter: ChatFilter, before id: UniqueID, limit: Int
  ) throws -> [ChatRow] {
    try query(
      Statements.listChats,
      [
        .id(workspace), .id(id), .optional(filter.channel) { .text($0.rawValue) }, .optional(filter.customer, PostgresValue.id),
        .optional(filter.contacts) { .texts($0.map(\.kind.rawValue)) }, .optional(filter.contacts) { .texts($0.map(\.value)) },
        .int32(Int32(clamping: limit)),
      ]
    ).map { try ChatRow(&$0) }
  }
}

extension CustomerRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      id: try row.id(), name: try row.text(), email: try row.text(), phone: try row.text(), document: try row.text(),
      createdAt: try row.time(), updatedAt: try row.time())
  }
}

extension ChatRow {
  init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      id: try row.id(), channel: try row.text(), contact: try row.text(), original: try row.bytes(),
      customer: try row.optionalID(), createdAt: try row.time())
  }
}
