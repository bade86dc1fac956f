import Identifiers
import Postgres
import Rules

/// What the values of some requests lead to, read in at most three statements.
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

  /// By workspace.
  func read(_ session: PostgresSession) throws(PostgresError) -> [UniqueID: BindingState] {
    var states: [UniqueID: BindingState] = [:]
    if !contacts.isEmpty {
      let keys = Array(contacts)
      let found = try session.query(Statements.boundContacts, Self.parameters(keys))
      for index in 0..<found.count {
        var row = found[index]
        let key = keys[Int(try row.int64()) - 1]
        let customer = try BoundCustomer(&row)
        states[key.workspace, default: BindingState()].contacts[key.contact] = customer.id
        states[key.workspace, default: BindingState()].customers[customer.id] = customer
      }
    }
    if !names.isEmpty {
      let keys = Array(names)
      let found = try session.query(
        Statements.boundNames,
        [.ids(keys.map(\.workspace)), .texts(keys.map(\.contact.value)), .int32(Self.nameMatchLimit)])
      for index in 0..<found.count {
        var row = found[index]
        let key = keys[Int(try row.int64()) - 1]
        let customer = try BoundCustomer(&row)
        states[key.workspace, default: BindingState()].names[key.contact.value, default: []].append(customer.id)
        states[key.workspace, default: BindingState()].customers[customer.id] = customer
      }
    }
    if !chats.isEmpty {
      let keys = Array(chats)
      let found = try session.query(Statements.boundChats, Self.parameters(keys))
      for index in 0..<found.count {
        var row = found[index]
        let key = keys[Int(try row.int64()) - 1]
        let chat = BoundChat(id: try row.id(), customer: try row.optionalID())
        states[key.workspace, default: BindingState()].chats[key.contact] = chat
      }
    }
    return states
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
