import Identifiers
import Postgres
import Rules

/// What the values of some requests lead to, read in at most three statements and one round trip.
struct BindingReading {
  private struct Key: Hashable {
    var workspace: UniqueID
    var contact: ContactKey
  }

  private var contacts: Set<Key> = []
  /// `ContactKind.nameKey`, as contacts of the kind `name`.
  private var names: Set<Key> = []
  private var chats: Set<Key> = []

  init(_ places: [CustomerBinding.Place]) {
    for place in places {
      for field in place.request.customer {
        guard let value = field.value else { continue }
        if field.kind != .name {
          contacts.insert(Key(workspace: place.workspace, contact: ContactKey(field.kind, value)))
        } else if field.isKey {
          names.insert(Key(workspace: place.workspace, contact: ContactKey(.name, ContactKind.nameKey(value))))
        }
      }
      if let chat = place.request.chat, let value = chat.contact.value {
        let key = Key(workspace: place.workspace, contact: ContactKey(chat.channel, value))
        chats.insert(key)
        if !place.request.customer.isEmpty { contacts.insert(key) }
      }
    }
  }

  /// Reads in one round trip. By workspace.
  ///
  /// - Parameters:
  ///   - locks: are taken before.
  ///   - beginning: a transaction begins with them; see `PostgresSession.query`.
  func read(
    _ session: PostgresSession, after locks: [PostgresCall] = [], beginning: Bool = false
  ) throws(PostgresError) -> [UniqueID: BindingState] {
    let (contacts, names, chats) = (Array(contacts), Array(names), Array(chats))
    var calls = locks
    if !contacts.isEmpty { calls.append(PostgresCall(Statements.boundContacts, Self.parameters(contacts))) }
    if !names.isEmpty {
      let parameters: [PostgresValue] = [
        .ids(names.map(\.workspace)), .texts(names.map(\.contact.value)), .int32(Self.nameMatchLimit),
      ]
      calls.append(PostgresCall(Statements.boundNames, parameters))
    }
    if !chats.isEmpty { calls.append(PostgresCall(Statements.boundChats, Self.parameters(chats))) }
    var results = try session.query(calls, beginning: beginning)[locks.count...]
    var states: [UniqueID: BindingState] = [:]
    if !contacts.isEmpty {
      try Self.forEach(results.removeFirst(), of: contacts) { (key, row) throws(PostgresError) in
        let customer = try BoundCustomer(&row)
        states[key.workspace, default: BindingState()].contacts[key.contact] = customer.id
        states[key.workspace, default: BindingState()].customers[customer.id] = customer
      }
    }
    if !names.isEmpty {
      try Self.forEach(results.removeFirst(), of: names) { (key, row) throws(PostgresError) in
        let customer = try BoundCustomer(&row)
        states[key.workspace, default: BindingState()].names[key.contact.value, default: []].append(customer.id)
        states[key.workspace, default: BindingState()].customers[customer.id] = customer
      }
    }
    if !chats.isEmpty {
      try Self.forEach(results.removeFirst(), of: chats) { (key, row) throws(PostgresError) in
        let chat = BoundChat(id: try row.id(), customer: try row.optionalID())
        states[key.workspace, default: BindingState()].chats[key.contact] = chat
      }
    }
    return states
  }

  /// Calls with each row, whose first column is the place of a key from 1.
  private static func forEach(
    _ result: PostgresResult, of keys: [Key], _ body: (Key, inout PostgresRow) throws(PostgresError) -> Void
  ) throws(PostgresError) {
    for index in 0..<result.count {
      var row = result[index]
      let place = Int(try row.int64()) - 1
      guard keys.indices.contains(place) else { throw PostgresError(.misuse, "a row of a key that was not asked for") }
      try body(keys[place], &row)
    }
  }

  /// One that is found and eight others that are reported.
  private static let nameMatchLimit: Int32 = 9

  private static func parameters(_ keys: [Key]) -> [PostgresValue] {
    [.ids(keys.map(\.workspace)), .texts(keys.map(\.contact.kind.rawValue)), .texts(keys.map(\.contact.value))]
  }
}

extension BoundCustomer {
  fileprivate init(_ row: inout PostgresRow) throws(PostgresError) {
    self.init(
      id: try row.id(), name: try row.text(), email: try row.text(), phone: try row.text(), document: try row.text(),
      createdAt: try row.time().microseconds, version: try row.time().microseconds)
  }
}
