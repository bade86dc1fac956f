import Identifiers
import Postgres
import Rules

/// What a plan writes, for all workspaces at once. Everybody writes in this order: changed customers, new ones, contacts, new
/// chats, links; each kind sorted by workspace and key. So nobody waits for somebody who waits for him.
struct BindingWriting {
  private var calls: [PostgresCall] = []
  /// How many rows each call touches unless somebody else was faster.
  private var counts: [Int] = []

  /// - Parameter changes: sorted by workspace.
  init(_ changes: [(workspace: UniqueID, changes: BindingChanges)]) {
    func flat<Value>(_ values: (BindingChanges) -> [Value]) -> [(workspace: UniqueID, value: Value)] {
      changes.flatMap { workspace, changes in values(changes).map { (workspace, $0) } }
    }
    let changed = flat(\.changed)
    add(Statements.updateCustomers, changed) { Self.columns(changed) + [.int64s(changed.map(\.value.version))] }
    let created = flat(\.created)
    add(Statements.insertCustomers, created) { Self.columns(created) }
    let contacts = flat { $0.contacts.sorted { $0.key < $1.key } }
    add(Statements.insertContacts, contacts) {
      [
        .ids(contacts.map(\.workspace)), .texts(contacts.map(\.value.key.kind.rawValue)), .texts(contacts.map(\.value.key.value)),
        .ids(contacts.map(\.value.customer)), .byteStrings(contacts.map(\.value.original)),
      ]
    }
    let chats = flat { $0.chats.sorted { $0.key < $1.key } }
    add(Statements.insertChats, chats) {
      [
        .ids(chats.map(\.workspace)), .texts(chats.map(\.value.key.kind.rawValue)), .texts(chats.map(\.value.key.value)),
        .ids(chats.map(\.value.chat.id)), .ids(chats.map { $0.value.chat.customer ?? .least }),
        .byteStrings(chats.map(\.value.original)),
      ]
    }
    let links = flat { $0.links.sorted { $0.chat < $1.chat } }
    add(Statements.linkChats, links) {
      [.ids(links.map(\.workspace)), .ids(links.map(\.value.chat)), .ids(links.map(\.value.customer))]
    }
  }

  /// Writes in one round trip; `false`: somebody else was faster, and what was written is to be undone. Begins a transaction
  /// unless there is one.
  func write(_ session: PostgresSession) throws(PostgresError) -> Bool {
    guard !calls.isEmpty else { return true }
    let results = try session.query(calls, beginning: !session.isInTransaction)
    return zip(results, counts).allSatisfy { $0.affectedCount == $1 }
  }

  private mutating func add<Value>(_ statement: PostgresStatement, _ rows: [Value], _ parameters: () -> [PostgresValue]) {
    guard !rows.isEmpty else { return }
    calls.append(PostgresCall(statement, parameters()))
    counts.append(rows.count)
  }

  private static func columns(_ customers: [(workspace: UniqueID, value: BoundCustomer)]) -> [PostgresValue] {
    [
      .ids(customers.map(\.workspace)), .ids(customers.map(\.value.id)), .texts(customers.map(\.value.name)),
      .texts(customers.map { ContactKind.nameKey($0.value.name) }), .texts(customers.map(\.value.email)),
      .texts(customers.map(\.value.phone)), .texts(customers.map(\.value.document)),
    ]
  }
}
