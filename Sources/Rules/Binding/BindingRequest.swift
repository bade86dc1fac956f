package import Identifiers

/// The customer and the chat that a request names, with values read and normalized.
package struct BindingRequest: Hashable, Sendable {
  /// A field of the customer and what the request says of it.
  package struct Field: Hashable, Sendable {
    package var kind: ContactKind
    /// Whether the customer may be found by it.
    package var isKey: Bool
    /// As it came, cut to `DecisionExplanation.valueLimit`.
    package var original: [UInt8]
    /// As it is compared and stored; `nil`: it is missing or invalid, for `problem`.
    package var value: String?
    /// Why there is no value, for people; empty when it was not given at all.
    package var problem: String

    /// Makes a field.
    package init(kind: ContactKind, isKey: Bool, original: [UInt8], value: String?, problem: String = "") {
      self.kind = kind
      self.isKey = isKey
      self.original = original
      self.value = value
      self.problem = problem
    }
  }

  /// A chat and what the request says of it; `Field.kind` is its channel.
  package struct Chat: Hashable, Sendable {
    package var channel: ContactKind
    package var contact: Field

    /// Makes one.
    package init(channel: ContactKind, contact: Field) {
      self.channel = channel
      self.contact = contact
    }
  }

  /// In the configured order, keys and others; empty: no customer is bound.
  package var customer: [Field]
  /// `nil`: no chat is bound.
  package var chat: Chat?

  /// Makes a request.
  package init(customer: [Field] = [], chat: Chat? = nil) {
    self.customer = customer
    self.chat = chat
  }
}

/// What a value of a customer is. The raw values are stored.
package enum ContactKind: String, CaseIterable, Sendable {
  case name
  case email
  case phone
  case document
  case whatsapp
  case instagram
  case telegram
  /// Chats only.
  case sms
  /// Chats only.
  case webchat
}

/// What binding came to.
package struct BindingOutcome: Hashable, Sendable {
  /// How the customer or the chat was come by. The raw values are those of `headgate.v1.BindingReport`.
  package enum Manner: String, Sendable {
    case found
    case created
    /// No key had a value.
    case unbound
    case failed
  }

  /// What became of a field. The raw values are those of `headgate.v1.BoundField`.
  package enum Action: String, Sendable {
    case set
    case updated
    case added
    case unchanged
    /// The customer has another one, which stays.
    case kept
    /// It is another customer's.
    case conflict
    case invalid
    case missing
  }

  /// What became of one field.
  package struct BoundField: Hashable, Sendable {
    /// Such as "email"; "chat" for the chat's contact.
    package var field: String
    package var original: [UInt8]
    package var value: String
    package var action: Action
    package var message: String

    /// Makes one.
    package init(field: String, original: [UInt8], value: String, action: Action, message: String = "") {
      self.field = field
      self.original = original
      self.value = value
      self.action = action
      self.message = message
    }
  }

  /// A further customer that a key leads to.
  package struct OtherMatch: Hashable, Sendable {
    package var customer: UniqueID
    package var field: ContactKind

    /// Makes one.
    package init(customer: UniqueID, field: ContactKind) {
      self.customer = customer
      self.field = field
    }
  }

  /// `nil`: the node binds no customer.
  package var customerManner: Manner?
  package var customer: UniqueID?
  package var foundBy: ContactKind?
  package var fields: [BoundField] = []
  /// Oldest first.
  package var otherMatches: [OtherMatch] = []
  /// `nil`: the node binds no chat.
  package var chatManner: Manner?
  package var chat: UniqueID?
  /// The customer that the chat stays linked to although the request's customer is another.
  package var chatConflict: UniqueID?
  /// Why binding failed, for people.
  package var failure = ""

  /// Makes an empty outcome.
  package init() {}
}
