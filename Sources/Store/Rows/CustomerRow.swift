package import Identifiers
package import Postgres
package import Rules

/// A customer that requests were bound to.
package struct CustomerRow: Hashable, Sendable {
  package var id: UniqueID
  /// Empty: none. So are the others.
  package var name: String
  package var email: String
  package var phone: String
  package var document: String
  package var createdAt: UnixTime
  package var updatedAt: UnixTime

  /// Whether a contact is the customer's own e-mail address, phone number or document.
  package func isDirect(_ contact: ContactRow) -> Bool {
    switch ContactKind(rawValue: contact.kind) {
    case .email: contact.value == email
    case .phone: contact.value == phone
    case .document: contact.value == document
    case .name, .whatsapp, .instagram, .telegram, .sms, .webchat, nil: false
    }
  }
}

/// A value that identifies a customer.
package struct ContactRow: Hashable, Sendable {
  /// A raw value of `ContactKind`.
  package var kind: String
  /// Normalized.
  package var value: String
  /// As it came first.
  package var original: [UInt8]
  package var createdAt: UnixTime
}

/// A chat that requests were bound to.
package struct ChatRow: Hashable, Sendable {
  package var id: UniqueID
  /// A raw value of `ContactKind`.
  package var channel: String
  /// Normalized.
  package var contact: String
  /// As it came first.
  package var original: [UInt8]
  package var customer: UniqueID?
  package var createdAt: UnixTime
}

/// A customer with what belongs to it.
package struct CustomerDetails: Hashable, Sendable {
  package var customer: CustomerRow
  /// By kind, then by age.
  package var contacts: [ContactRow]
  /// Newest first.
  package var chats: [ChatRow]
}

/// Which customers a list wants.
package struct CustomerFilter: Hashable, Sendable {
  /// Has one of these contacts; `nil`: does not restrict.
  package var contacts: [ContactKey]?
  /// Is part of the name as names are compared; empty: does not restrict.
  package var nameKey: String

  /// Makes a filter.
  package init(contacts: [ContactKey]? = nil, nameKey: String = "") {
    self.contacts = contacts
    self.nameKey = nameKey
  }
}

/// Which chats a list wants. `nil` does not restrict.
package struct ChatFilter: Hashable, Sendable {
  package var channel: ContactKind?
  package var customer: UniqueID?
  /// Has one of these as channel and contact.
  package var contacts: [ContactKey]?

  /// Makes a filter.
  package init(channel: ContactKind? = nil, customer: UniqueID? = nil, contacts: [ContactKey]? = nil) {
    self.channel = channel
    self.customer = customer
    self.contacts = contacts
  }
}
