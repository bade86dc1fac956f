package import Identifiers

/// Decides, request by request, which customer and chat each is bound to and what has to be written for it.
///
/// It starts from what the database holds and goes on with what it decided itself, so that two requests of one new customer make
/// one. The rules:
///
/// | | |
/// |---|---|
/// | finding | the first key, in the configured order, that leads to a customer; of several with a name the oldest; what other keys lead to is reported |
/// | name | always the request's |
/// | email, phone | fills the customer's if there is none, else is one more contact |
/// | document | fills the customer's if there is none, else is not kept |
/// | whatsapp, instagram, telegram | one more contact |
/// | a value that is another customer's | stays there, and is reported |
/// | chat | the one of channel and contact, else a new one; linked to the customer unless it is another's, which is reported |
/// | contact of the chat | is the customer's unless it is somebody's |
/// | chat without a bound customer | its customer is the run's |
package struct BindingPlanner {
  private var state: BindingState
  private let makeID: () -> UniqueID
  /// In the order of their creation.
  private var createdCustomers: [UniqueID] = []
  private var changedCustomers: Set<UniqueID> = []
  private var written = BindingChanges()

  /// Makes a planner.
  ///
  /// - Parameter makeID: makes identifiers that grow.
  package init(_ state: BindingState, makeID: @escaping () -> UniqueID) {
    self.state = state
    self.makeID = makeID
  }

  /// What has to be written for all requests so far.
  package var changes: BindingChanges {
    var changes = written
    changes.created = createdCustomers.compactMap { state.customers[$0] }
    changes.changed = changedCustomers.sorted().compactMap { state.customers[$0] }
    return changes
  }

  /// Binds one request.
  package mutating func bind(_ request: BindingRequest) -> BindingOutcome {
    var outcome = BindingOutcome()
    if !request.customer.isEmpty { bindCustomer(request.customer, &outcome) }
    if let chat = request.chat { bind(chat, &outcome) }
    return outcome
  }

  // MARK: The customer

  private mutating func bindCustomer(_ fields: [BindingRequest.Field], _ outcome: inout BindingOutcome) {
    guard fields.contains(where: { $0.isKey && $0.value != nil }) else {
      outcome.customerManner = .unbound
      outcome.fields = fields.compactMap(\.withoutValue)
      return
    }
    let id: UniqueID
    if let found = find(fields, &outcome) {
      outcome.customerManner = .found
      id = found
    } else {
      outcome.customerManner = .created
      id = makeID()
      state.customers[id] = BoundCustomer(id: id)
      createdCustomers.append(id)
    }
    outcome.customer = id
    for field in fields { outcome.fields.append(update(id, field)) }
  }

  /// The customer that the first key leads to; the other matches are reported, the oldest first.
  private func find(_ fields: [BindingRequest.Field], _ outcome: inout BindingOutcome) -> UniqueID? {
    var chosen: UniqueID?
    var others: [(customer: BoundCustomer, field: ContactKind)] = []
    for field in fields where field.isKey {
      guard let value = field.value else { continue }
      for customer in customers(field.kind, value) where customer.id != chosen {
        if chosen == nil {
          (chosen, outcome.foundBy) = (customer.id, field.kind)
        } else if !others.contains(where: { $0.customer.id == customer.id }) {
          others.append((customer, field.kind))
        }
      }
    }
    others.sort { $0.customer.isOlder(than: $1.customer) }
    outcome.otherMatches = others.map { BindingOutcome.OtherMatch(customer: $0.customer.id, field: $0.field) }
    return chosen
  }

  /// Those that a value leads to, the oldest first.
  private func customers(_ kind: ContactKind, _ value: String) -> [BoundCustomer] {
    guard kind == .name else {
      return state.contacts[ContactKey(kind, value)].flatMap { state.customers[$0] }.map { [$0] } ?? []
    }
    let key = ContactKind.nameKey(value)
    return (state.names[key] ?? []).compactMap { state.customers[$0] }
      // Requests before this one may have given them other names.
      .filter { ContactKind.nameKey($0.name) == key }.sorted { $0.isOlder(than: $1) }
  }

  private mutating func update(_ id: UniqueID, _ field: BindingRequest.Field) -> BindingOutcome.BoundField {
    guard let value = field.value else { return field.withoutValue ?? field.bound(.missing) }
    switch field.kind {
    case .name: return field.bound(rename(id, value))
    case .email: return direct(id, \.email, field, value)
    case .phone: return direct(id, \.phone, field, value)
    case .document: return document(id, field, value)
    case .whatsapp, .instagram, .telegram, .sms, .webchat: return contact(id, field, value, added: .added)
    }
  }

  private mutating func rename(_ id: UniqueID, _ name: String) -> BindingOutcome.Action {
    guard let before = state.customers[id]?.name, before != name else { return .unchanged }
    state.customers[id]?.name = name
    state.names[ContactKind.nameKey(name), default: []].append(id)
    changed(id)
    return before.isEmpty ? .set : .updated
  }

  /// Fills a column of the customer if it is empty; else the value is one more contact.
  private mutating func direct(
    _ id: UniqueID, _ column: WritableKeyPath<BoundCustomer, String>, _ field: BindingRequest.Field, _ value: String
  ) -> BindingOutcome.BoundField {
    var bound = contact(id, field, value, added: .added)
    guard bound.action != .conflict, state.customers[id]?[keyPath: column].isEmpty == true else { return bound }
    state.customers[id]?[keyPath: column] = value
    changed(id)
    bound.action = .set
    return bound
  }

  private mutating func document(
    _ id: UniqueID, _ field: BindingRequest.Field, _ value: String
  ) -> BindingOutcome.BoundField {
    let has = state.customers[id]?.document ?? ""
    if !has.isEmpty, has != value, isFree(ContactKey(.document, value), for: id) {
      return field.bound(.kept, "The customer has another one, which stays.")
    }
    return direct(id, \.document, field, value)
  }

  /// Gives the customer a contact that is nobody's yet.
  private mutating func contact(
    _ id: UniqueID, _ field: BindingRequest.Field, _ value: String, added: BindingOutcome.Action
  ) -> BindingOutcome.BoundField {
    let key = ContactKey(field.kind, value)
    guard let owner = state.contacts[key] else {
      state.contacts[key] = id
      written.contacts.append(BindingChanges.Contact(key: key, customer: id, original: field.original))
      return field.bound(added)
    }
    if owner == id { return field.bound(.unchanged) }
    return field.bound(.conflict, "It is customer \(owner)'s.")
  }

  private func isFree(_ key: ContactKey, for id: UniqueID) -> Bool { state.contacts[key].map { $0 == id } ?? true }

  private mutating func changed(_ id: UniqueID) {
    if state.customers[id]?.createdAt != .max { changedCustomers.insert(id) }
  }

  // MARK: The chat

  private mutating func bind(_ chat: BindingRequest.Chat, _ outcome: inout BindingOutcome) {
    guard let value = chat.contact.value else {
      outcome.chatManner = .unbound
      var bound = chat.contact.withoutValue ?? chat.contact.bound(.missing)
      bound.field = BindingOutcome.chatField
      outcome.fields.append(bound)
      return
    }
    let key = ContactKey(chat.channel, value)
    var bound = chat.contact.bound(.unchanged)
    if let known = state.chats[key] {
      outcome.chatManner = .found
      outcome.chat = known.id
      switch (outcome.customer, known.customer) {
      case (nil, let owner): outcome.customer = owner
      case (let customer?, nil):
        link(key, known, customer)
        bound = contact(customer, chat.contact, value, added: .added)
      case (let customer?, let owner?) where customer == owner:
        bound = contact(customer, chat.contact, value, added: .added)
      case (_?, let owner?):
        outcome.chatConflict = owner
        bound = chat.contact.bound(.conflict, "The chat is customer \(owner)'s and stays linked to it.")
      }
    } else {
      let new = BoundChat(id: makeID(), customer: outcome.customer)
      outcome.chatManner = .created
      outcome.chat = new.id
      state.chats[key] = new
      written.chats.append(BindingChanges.Chat(key: key, chat: new, original: chat.contact.original))
      bound = chat.contact.bound(.set)
      if let customer = outcome.customer { bound = contact(customer, chat.contact, value, added: .added) }
    }
    bound.field = BindingOutcome.chatField
    outcome.fields.append(bound)
  }

  private mutating func link(_ key: ContactKey, _ chat: BoundChat, _ customer: UniqueID) {
    state.chats[key]?.customer = customer
    if let index = written.chats.firstIndex(where: { $0.chat.id == chat.id }) {
      // It was made by a request before this one.
      written.chats[index].chat.customer = customer
    } else {
      written.links.append(BindingChanges.Link(chat: chat.id, customer: customer))
    }
  }
}

extension BindingOutcome {
  /// What the chat's contact is called among the fields.
  static let chatField = "chat"
}

extension BindingRequest.Field {
  /// What is reported of it.
  fileprivate func bound(_ action: BindingOutcome.Action, _ message: String = "") -> BindingOutcome.BoundField {
    BindingOutcome.BoundField(
      field: kind.rawValue, original: original, value: value ?? "", action: action, message: message)
  }

  /// What is reported of one that is missing or invalid; `nil`: it has a value.
  fileprivate var withoutValue: BindingOutcome.BoundField? {
    guard value == nil else { return nil }
    return problem.isEmpty ? bound(.missing) : bound(.invalid, problem)
  }
}
