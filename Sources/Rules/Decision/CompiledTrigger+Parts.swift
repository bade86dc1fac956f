internal import Cryptography
internal import JSON

extension CompiledTrigger {
  /// What a node does with requests at a URL: its own rules, and what it takes from the preset of the URL's owner.
  struct NodeRules: Sendable {
    /// Where the body is split; `nil`: it is not.
    var split: [SplitPath]?
    /// For each path of `split`; one where the body is not split.
    var paths: [PathRules]

    init(_ configuration: TriggerConfiguration, owner: AuthenticationRule) {
      split = configuration.split.map { $0.paths(of: owner) ?? [] }
      paths = split.map { $0.map { PathRules(configuration, owner: owner, list: $0) } } ?? []
      if paths.isEmpty { paths = [PathRules(configuration, owner: owner, list: nil)] }
    }
  }

  /// What is taken from the preset, as elements of one of the lists see it.
  struct PathRules: Sendable {
    var eventPath: ValuePath?
    var delivery: TriggerConfiguration.DeliveryRule?

    init(_ configuration: TriggerConfiguration, owner: AuthenticationRule, list: SplitPath?) {
      eventPath = configuration.eventPath(of: owner, in: list)
      delivery = configuration.deliveryRule(of: owner, in: list)
    }

    /// Whether each element has a delivery id of its own. One of the whole request, or of an outer list's element, is that of
    /// several and makes none of them a repetition of another.
    var hasOwnDelivery: Bool { delivery?.path.root == .element }
  }

  /// How much the parts of one request may amount to.
  private enum PartLimits {
    /// Bytes of all variables. One part alone is bounded by `MappedVariables.maximumBytes`.
    static let variableBytes = 16 << 20
    /// Parts that are explained in full.
    static let explained = 20
    /// Remarks on each of the others, whose compared cases are left out.
    static let notesBeyond = 4
  }

  /// What becomes of the request at this node, element by element.
  ///
  /// - Parameters:
  ///   - scope: of this node. Its element is unset afterwards.
  ///   - subscriber: `nil`: this is the URL's owner.
  ///   - notes: what is to be said of the body, with the first part.
  ///   - limit: the most elements that are looked at.
  func appendParts(
    in scope: inout TemplateScope, _ rules: NodeRules, subscriber: Int?, notes: [DecisionNote], limit: Int = .max,
    to parts: inout [DecisionPart]
  ) {
    guard let lists = rules.split else {
      parts.append(part(in: &scope, rules.paths[0], subscriber: subscriber, element: 0, notes: notes))
      return
    }
    let names = lists.isEmpty ? "the preset's lists" : Spelling.alternatives(lists.map(\.text))
    switch scope.payload.elements(at: lists) {
    case .absent:
      let because =
        lists.isEmpty
        ? "The URL's trigger has no preset that says where its lists are."
        : "The body is split at \(names), and there is no list."
      parts.append(refusedPart(because, subscriber: subscriber, notes: notes))
    case .tooMany(let count):
      let because = "The list at \(names) has \(count) elements; \(PayloadElements.limit) is the most."
      parts.append(refusedPart(because, subscriber: subscriber, notes: notes))
    case .list(let elements, let lacking):
      let remarks = lacking == 0 ? notes : notes + [Self.lackingNote(lacking, names)]
      appendParts(elements.prefix(limit), in: &scope, rules, subscriber: subscriber, notes: remarks, to: &parts)
    }
  }

  private func appendParts(
    _ elements: ArraySlice<SplitElement>, in scope: inout TemplateScope, _ rules: NodeRules, subscriber: Int?,
    notes: [DecisionNote], to parts: inout [DecisionPart]
  ) {
    var firstOf: [[UInt8]: Int] = [:]
    var bytes = parts.reduce(0) { $0 + $1.variables.count }
    for (index, element) in elements.enumerated() {
      let own = rules.paths[element.path]
      scope.payload.enter(element)
      var part = part(in: &scope, own, subscriber: subscriber, element: index, notes: index == 0 ? notes : [])
      if own.hasOwnDelivery, let id = part.delivery?.id {
        if let first = firstOf[id] {
          part.repeats = first
          part.explanation.notes.append(Self.repeatedNote(of: first))
        } else {
          firstOf[id] = index
        }
      }
      bytes += part.variables.count
      if bytes > PartLimits.variableBytes, part.cause == nil {
        bytes -= part.variables.count
        let because = "The variables of all elements have more than \(PartLimits.variableBytes) bytes together."
        part.refuse(.bodyTooLarge, at: "map", because: because)
      }
      if parts.count >= PartLimits.explained { part.explanation.shorten(notes: PartLimits.notesBeyond) }
      parts.append(part)
    }
    scope.payload.leaveElement()
  }

  private static func lackingNote(_ count: Int, _ names: String) -> DecisionNote {
    DecisionNote(
      at: "split", code: "no_list", message: "\(count) element(s) have no list at \(names); nothing starts for them.")
  }

  private static func repeatedNote(of first: Int) -> DecisionNote {
    DecisionNote(at: "dedup", code: "repeated", message: "Element \(first) of the same request has this delivery id.")
  }

  private func refusedPart(_ because: String, subscriber: Int?, notes: [DecisionNote]) -> DecisionPart {
    var part = DecisionPart(subscriber: subscriber, element: 0)
    part.explanation.notes = notes
    part.refuse(.splitRefused, at: "split", because: because)
    return part
  }

  /// What becomes of the element that the scope has set, or of the whole request.
  func part(
    in scope: inout TemplateScope, _ rules: PathRules, subscriber: Int?, element: Int, notes: [DecisionNote]
  ) -> DecisionPart {
    var part = DecisionPart(subscriber: subscriber, element: element)
    part.explanation.notes = notes
    part.explanation.output = EventRouting.elseOutput
    if let eventPath = rules.eventPath {
      let event = EventRouting.route(
        path: eventPath, cases: configuration.events?.cases ?? [], in: &scope, explanation: &part.explanation)
      part.event = event == nil ? nil : part.explanation.eventValue
    } else if configuration.events != nil {
      let message = "The trigger that this node subscribes to has no preset that says where the event is."
      part.explanation.notes.append(DecisionNote(at: "events.path", code: "no_event_path", message: message))
    }
    let mapped = configuration.map.evaluate(in: &scope, limits: limits.json)
    var remarks: [DecisionNote] = []
    if let source = configuration.orderBy { part.orderKey = orderKey(source, in: &scope, &remarks) }
    if let rule = rules.delivery { part.delivery = delivery(rule, in: &scope, &remarks) }
    part.binding = configuration.binding?.request(in: &scope)
    part.explanation.note(scope.payload.notes)
    part.explanation.note(mapped.notes)
    part.explanation.note(remarks)
    part.explanation.note(scope.notes)
    for path in scope.payload.duplicateKeys {
      let message = "A name on this path stands there several times; the last one was taken."
      part.explanation.notes.append(DecisionNote(at: path, code: "duplicate_key", message: message))
    }
    part.explanation.limitNotes()
    scope.forgetNotes()
    scope.payload.forgetNotes()
    if let first = mapped.faults.first {
      let because = mapped.faults.prefix(DecisionExplanation.noteLimit).map { "\($0.at): \($0.message)" }.joined(separator: " ")
      part.refuse(first.cause, at: first.at, because: mapped.faults.count == 1 ? first.message : because)
      return part
    }
    part.output = part.explanation.output
    part.variables = mapped.json
    part.entryNode = targets[part.output]
    part.explanation.entryNode = part.entryNode ?? ""
    part.kind = part.entryNode == nil ? .unrouted : .accepted
    return part
  }

  private func orderKey(
    _ source: MappingSource, in scope: inout TemplateScope, _ notes: inout [DecisionNote]
  ) -> [UInt8]? {
    guard let key = Self.key(scope.value(of: source), limit: DecisionPart.orderKeyLimit) else {
      let message = "\(source.text) has no value; the run is not ordered."
      notes.append(DecisionNote(at: "order_by", code: "no_order_key", message: message))
      return nil
    }
    return key
  }

  private func delivery(
    _ rule: TriggerConfiguration.DeliveryRule, in scope: inout TemplateScope, _ notes: inout [DecisionNote]
  ) -> DecisionPart.Delivery? {
    guard let id = Self.key(scope.payload.value(at: rule.path), limit: DecisionPart.deliveryLimit) else {
      let message = "\(rule.path.text) has no value; a repetition would not be known as one."
      notes.append(DecisionNote(at: "dedup", code: "no_delivery_id", message: message))
      return nil
    }
    return DecisionPart.Delivery(id: id, window: rule.window)
  }

  /// A value that is compared with those of other requests, or its digest; `nil` for none, an empty one, and one that was a
  /// credential and so is the same in every request.
  private static func key(_ value: PayloadValue?, limit: Int) -> [UInt8]? {
    guard let value, !value.isNull else { return nil }
    let text = value.text
    guard !text.isEmpty, text != Redactions.replacement else { return nil }
    return text.count <= limit ? text : Digest.of(text, .sha256)
  }
}

extension DecisionPart {
  /// A part of which nothing is known yet.
  init(subscriber: Int?, element: Int) {
    self.init(
      subscriber: subscriber, element: element, kind: .unrouted, output: "", variables: [], explanation: DecisionExplanation())
  }

  mutating func refuse(_ cause: RefusalCause, at: String, because: String) {
    kind = .rejected(cause)
    output = ""
    entryNode = nil
    variables = []
    delivery = nil
    orderKey = nil
    binding = nil
    explanation.output = ""
    explanation.entryNode = ""
    explanation.refusedAt = at
    explanation.refusedBecause = because
  }
}

extension DecisionExplanation {
  /// Adds remarks. Mostly there are none, and nothing is to be copied then.
  mutating func note(_ more: [DecisionNote]) {
    if !more.isEmpty { notes += more }
  }

  mutating func limitNotes() {
    if notes.count > Self.noteLimit { notes.removeLast(notes.count - Self.noteLimit) }
  }

  /// Leaves out what makes it long.
  mutating func shorten(notes limit: Int) {
    cases = cases.filter(\.matched)
    if notes.count > limit { notes.removeLast(notes.count - limit) }
  }
}
