import JSON

/// How a node finds the customer and the chat of a request: `customer:` and `chat:` of the flow file.
package struct BindingRule: Hashable, Sendable {
  /// A field of the customer and where its value comes from.
  package struct Field: Hashable, Sendable {
    package var kind: ContactKind
    package var source: MappingSource
    /// Whether the customer may be found by it.
    package var isKey: Bool
    /// Where numbers without country code are from; `nil`: the workspace's default.
    package var region: String?

    /// Makes a field.
    package init(kind: ContactKind, source: MappingSource, isKey: Bool = false, region: String? = nil) {
      self.kind = kind
      self.source = source
      self.isKey = isKey
      self.region = region
    }
  }

  /// A channel and where the contact comes from.
  package struct Chat: Hashable, Sendable {
    package var channel: ContactKind
    package var source: MappingSource
    /// Where numbers without country code are from; `nil`: see `chatRegion`.
    package var region: String?

    /// Makes a chat.
    package init(channel: ContactKind, source: MappingSource, region: String? = nil) {
      self.channel = channel
      self.source = source
      self.region = region
    }
  }

  /// Keys are tried in this order. Empty: no customer is bound.
  package var customer: [Field]
  /// `nil`: no chat is bound.
  package var chat: Chat?

  /// Makes a rule.
  package init(customer: [Field] = [], chat: Chat? = nil) {
    self.customer = customer
    self.chat = chat
  }

  /// Where the chat's numbers are from; `nil`: the workspace's default. What a line of the customer says of a value holds for
  /// the same value of the chat, so that one number is not read in two ways.
  package var chatRegion: String? {
    guard let chat, chat.channel.isNumber else { return nil }
    return chat.region ?? customer.first { $0.kind.isNumber && $0.region != nil && $0.source == chat.source }?.region
  }

  /// What a request says of the customer and the chat, normalized; `nil` when the rule binds nothing.
  package func request(in scope: inout TemplateScope) -> BindingRequest? {
    guard !customer.isEmpty || chat != nil else { return nil }
    let defaultRegion = scope.defaultRegion
    var request = BindingRequest()
    request.customer.reserveCapacity(customer.count)
    for field in customer {
      let value = scope.value(of: field.source)
      request.customer.append(Self.read(value, as: field.kind, isKey: field.isKey, region: field.region ?? defaultRegion))
    }
    if let chat {
      let value = scope.value(of: chat.source)
      let contact = Self.read(value, as: chat.channel, isKey: true, region: chatRegion ?? defaultRegion)
      request.chat = BindingRequest.Chat(channel: chat.channel, contact: contact)
    }
    return request
  }

  private static func read(_ value: PayloadValue?, as kind: ContactKind, isKey: Bool, region: String) -> BindingRequest.Field {
    var field = BindingRequest.Field(kind: kind, isKey: isKey, original: [], value: nil)
    guard let value else { return field }
    // Some senders write `false` where there is nothing; it is nobody's name.
    if case .json(let json) = value, json.boolean != nil {
      field.original = Array(json.raw)
      field.problem = "It is true or false, not a text."
      return field
    }
    guard let text = value.scalarText else {
      field.problem = "It is \(value.typeName), not a text."
      return field
    }
    guard text != Redactions.replacement else {
      field.problem = "It is a credential, which is not kept."
      return field
    }
    field.original = Array(text.prefix(DecisionExplanation.valueLimit))
    do throws(ContactProblem) {
      field.value = try kind.normalize(text, region: region)
    } catch {
      field.problem = error.message
    }
    return field
  }
}
