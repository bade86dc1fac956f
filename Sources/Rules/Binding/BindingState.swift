package import Identifiers

/// What identifies a customer or a chat within a workspace.
package struct ContactKey: Hashable, Comparable, Sendable {
  package var kind: ContactKind
  /// Normalized.
  package var value: String

  /// Makes a key.
  package init(_ kind: ContactKind, _ value: String) {
    self.kind = kind
    self.value = value
  }

  /// The same order everywhere: whoever locks several takes them in it.
  package static func < (left: ContactKey, right: ContactKey) -> Bool {
    left.kind != right.kind
      ? left.kind.rawValue < right.kind.rawValue : left.value.utf8.lexicographicallyPrecedes(right.value.utf8)
  }
}

/// A customer as far as binding looks at one.
package struct BoundCustomer: Hashable, Sendable {
  package var id: UniqueID
  /// Empty: none. So are the others.
  package var name: String
  package var email: String
  package var phone: String
  package var document: String
  /// Microseconds since 1970 UTC; the older of two is the one with the smaller, then with the smaller id.
  package var createdAt: Int64
  /// Of its last change, in microseconds; tells whether somebody else has changed it since.
  package var version: Int64

  /// Makes a customer.
  package init(
    id: UniqueID, name: String = "", email: String = "", phone: String = "", document: String = "", createdAt: Int64 = .max,
    version: Int64 = 0
  ) {
    self.id = id
    self.name = name
    self.email = email
    self.phone = phone
    self.document = document
    self.createdAt = createdAt
    self.version = version
  }

  func isOlder(than other: BoundCustomer) -> Bool { (createdAt, id) < (other.createdAt, other.id) }
}

/// A chat as far as binding looks at one.
package struct BoundChat: Hashable, Sendable {
  package var id: UniqueID
  package var customer: UniqueID?

  /// Makes a chat.
  package init(id: UniqueID, customer: UniqueID?) {
    self.id = id
    self.customer = customer
  }
}

/// The part of a workspace's customers and chats that some requests concern: all that their values lead to.
package struct BindingState: Sendable {
  package var customers: [UniqueID: BoundCustomer] = [:]
  /// Whose each contact is.
  package var contacts: [ContactKey: UniqueID] = [:]
  /// Those with a name, by `ContactKind.nameKey`.
  package var names: [String: [UniqueID]] = [:]
  package var chats: [ContactKey: BoundChat] = [:]

  /// Makes an empty state.
  package init() {}
}

/// What has to be written so that a plan comes true.
package struct BindingChanges: Sendable {
  /// A contact that a customer gets.
  package struct Contact: Hashable, Sendable {
    package var key: ContactKey
    package var customer: UniqueID
    package var original: [UInt8]
  }

  /// A chat that is created.
  package struct Chat: Hashable, Sendable {
    package var key: ContactKey
    package var chat: BoundChat
    package var original: [UInt8]
  }

  /// Chats that had no customer.
  package struct Link: Hashable, Sendable {
    package var chat: UniqueID
    package var customer: UniqueID
  }

  /// As they are after all requests.
  package var created: [BoundCustomer] = []
  /// As they are after all requests; `version` is that which was read.
  package var changed: [BoundCustomer] = []
  package var contacts: [Contact] = []
  package var chats: [Chat] = []
  package var links: [Link] = []

  /// Nothing has to be written.
  package var isEmpty: Bool { created.isEmpty && changed.isEmpty && contacts.isEmpty && chats.isEmpty && links.isEmpty }

  /// Makes no changes.
  package init() {}
}
