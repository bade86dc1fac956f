import Identifiers
import Postgres
import Rules

/// What a plan writes, for all workspaces at once. Everybody writes in this order: customers, contacts, new chats, links; each kind
/// sorted by workspace and key. So nobody waits for somebody who waits for him.
struct BindingWriting {
  private let changes: [(workspace: UniqueID, changes: BindingChanges)]

  /// - Parameter changes: sorted by workspace.
  init(_ changes: [(workspace: UniqueID, changes: BindingChanges)]) { self.changes = changes }

  /// Writes; `false`: somebody else was faster, and what was written is to be undone.
  func write(_ session: PostgresSession) throws(PostgresError) -> Bool {
    guard changes.contains(where: { !$0.changes.isEmpty }) else { return true }
    guard try update(session), try create(session), try addContacts(session), try addChats(session) else { return false }
    return try linkChats(session)
  }

  private func update(_ session: PostgresSession) throws(PostgresError) -> Bool {
    let customers = flat(\.changed)
    guard !customers.isEmpty else { return true }
    let versions = PostgresValue.int64s(customers.map(\.value.version))
    return try session.query(Statements.updateCustomers, Self.columns(customers) + [versions]).affectedCount == customers.count
  }

  private func create(_ session: PostgresSession) throws(PostgresError) -> Bool {
    let customers = flat(\.created)
    guard !customers.isEmpty else { return true }
    return try session.query(Statements.insertCustomers, Self.columns(customers)).affectedCount == customers.count
  }

  private func addContacts(_ session: PostgresSession) throws(PostgresError) -> Bool {
    let contacts = flat { $0.contacts.sorted { $0.key < $1.key } }
    guard !contacts.isEmpty else { return true }
    let added = try session.query(
      Statements.insertContacts,
      [
        .ids(contacts.map(\.workspace)), .texts(contacts.map(\.value.key.kind.rawValue)), .texts(contacts.map(\.value.key.value)),
        .ids(contacts.map(\.value.customer)), .byteStrings(contacts.map(\.value.original)),
      ])
    return added.affectedCount == contacts.count
  }

  private func addChats(_ session: PostgresSession) throws(PostgresError) -> Bool {
    let chats = flat { $0.chats.sorted { $0.key < $1.key } }
    guard !chats.isEmpty else { return true }
    let added = try session.query(
      Statements.insertChats,
      [
        .ids(chats.map(\.workspace)), .texts(chats.map(\.value.key.kind.rawValue)), .texts(chats.map(\.value.key.value)),
        .ids(chats.map(\.value.chat.id)), .ids(chats.map { $0.value.chat.customer ?? .least }),
        .byteStrings(chats.map(\.value.original)),
      ])
    return added.affectedCount == chats.count
  }

  private func linkChats(_ session: PostgresSession) throws(PostgresError) -> Bool {
    let links = flat { $0.links.sorted { $0.chat < $1.chat } }
    guard !links.isEmpty else { return true }
    let linked = try session.query(
      Statements.linkChats,
      [.ids(links.map(\.workspace)), .ids(links.map(\.value.chat)), .ids(links.map(\.value.customer))])
    return linked.affectedCount == links.count
  }

  private func flat<Value>(_ values: (BindingChanges) -> [Value]) -> [(workspace: UniqueID, value: Value)] {
    changes.flatMap { workspace, changes in values(changes).map { (workspace, $0) } }
  }

  private static func columns(_ customers: [(workspace: UniqueID, value: BoundCustomer)]) -> [PostgresValue] {
    [
      .ids(customers.map(\.workspace)), .ids(customers.map(\.value.id)), .texts(customers.map(\.value.name)),
      .texts(customers.map { ContactKind.nameKey($0.value.name) }), .texts(customers.map(\.value.email)),
      .texts(customers.map(\.value.phone)), .texts(customers.map(\.value.document)),
    ]
  }
}
