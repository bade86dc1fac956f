internal import Addresses
internal import Cryptography
internal import JSON

/// What paths see of a request: `method`, `path`, `query`, `headers`, `body`, `ip`, `origin`, `received_at`, `trigger`, and
/// `element` and `parents` where its body is split.
package struct Payload: Sendable {
  /// The request.
  package let request: IncomingRequest
  /// The body, read.
  package let body: RequestBody
  /// The node that looks at it.
  var trigger: TriggerIdentity
  /// What `element` is; `nil`: the body is not split.
  var element: PayloadElement?
  /// The elements of outer lists that it is in, the outermost first.
  var parents: [PayloadElement] = []
  /// Decoded when it is first looked into.
  private var query: [FormField]?
  /// Made when it is first looked into.
  private var view: BodyView?
  /// Fields of a form that hold JSON, by name; those that were looked into and hold none are `nil`.
  private var embedded: [[UInt8]: JSONDocument?] = [:]
  /// The members that occurred several times where a path went through them; the last one was taken.
  package private(set) var duplicateKeys: [String] = []
  /// What came to light when the body was first looked into.
  package private(set) var notes: [DecisionNote] = []

  /// A body that is neither JSON nor a form, as paths see it.
  private indirect enum BodyView: Sendable {
    case nothing
    /// A value in which what occurs once is no list, though it could be one.
    case value(JSONDocument)
    case text([UInt8])
  }

  /// The most pairs of a query; what follows is not seen. The query's length is limited by the edge node.
  static let maximumQueryFields = 4096

  /// Forgets what was noted of one element, for the next.
  mutating func forgetNotes() {
    duplicateKeys = []
    notes = []
  }

  /// Makes the payload of a request whose body has been read.
  package init(_ request: IncomingRequest, body: RequestBody, trigger: TriggerIdentity) {
    self.request = request
    self.body = body
    self.trigger = trigger
  }

  /// The value that a path leads to; `nil` when there is none. A value that is JSON's `null` is one.
  package mutating func value(at path: ValuePath) -> PayloadValue? {
    switch path.root {
    case .method: return .text(request.method)
    case .path: return .text(request.path)
    case .ip: return request.clientAddress.map { .text(Array($0.description.utf8)) }
    case .origin: return request.origin.map { .text($0) }
    case .receivedAt: return .text(Array(InstantText.rfc3339(microseconds: request.receivedAtUs).utf8))
    case .trigger: return triggerValue(path.steps)
    case .element: return element.flatMap { value(in: $0, path, path.steps[...]) }
    case .parents:
      guard case .index(let position)? = path.steps.first else { return nil }
      let index = position < 0 ? parents.count + position : position
      guard parents.indices.contains(index) else { return nil }
      return value(in: parents[index], path, path.steps.dropFirst())
    case .headers:
      return Self.value(in: request.headers, name: \.name, value: \.value, path.steps)
    case .query:
      let fields = query ?? FormDecoding.pairs(request.query, limit: Self.maximumQueryFields) ?? []
      query = fields
      return Self.value(in: fields, name: \.name, value: \.value, path.steps)
    case .body:
      switch body {
      case .empty, .unread: return nil
      case .form(let fields):
        return Self.value(in: fields, name: \.name, value: \.value, path.steps) ?? embeddedValue(in: fields, path)
      case .json(let document): return value(in: document.root, path, path.steps, onceIsList: false)
      case .multipart, .xml, .text, .binary:
        switch bodyView() {
        case .nothing: return nil
        case .value(let document): return value(in: document.root, path, path.steps, onceIsList: true)
        case .text(let text): return path.steps.isEmpty ? .text(text) : nil
        }
      }
    }
  }

  private mutating func value(
    in element: PayloadElement, _ path: ValuePath, _ steps: ArraySlice<ValuePath.Step>
  ) -> PayloadValue? {
    switch element {
    case .json(let value, let onceIsList): self.value(in: value, path, steps, onceIsList: onceIsList)
    case .text(let text): steps.isEmpty ? .text(text) : nil
    }
  }

  private mutating func bodyView() -> BodyView {
    if let view { return view }
    let made: BodyView =
      switch body {
      case .multipart(let form): multipartView(form)
      case .xml(let document): valueView(XMLBody.json(document))
      case .text(let bytes, let charset): .text(charset.utf8(bytes))
      case .binary(let bytes): .text(Array(Base64.encode(bytes).utf8))
      case .empty, .unread, .json, .form: .nothing
      }
    view = made
    return made
  }

  private mutating func multipartView(_ form: MultipartForm) -> BodyView {
    let (text, isRepaired) = form.json()
    if isRepaired {
      let message = "Texts of the form are not of their charset; what is not was replaced by U+FFFD."
      notes.append(DecisionNote(at: "body", code: "not_utf8", message: message))
    }
    return valueView(text)
  }

  /// It is well-formed and was checked to be flat enough; only memory can lack.
  private mutating func valueView(_ json: [UInt8]) -> BodyView {
    if let document = try? JSONDocument(json, limits: JSONLimits(depth: JSONLimits.maximumDepth)) { return .value(document) }
    notes.append(DecisionNote(at: "body", code: "not_read", message: "There was no memory to look into the body."))
    return .nothing
  }

  private mutating func value(
    in root: JSONValue, _ path: ValuePath, _ steps: some Sequence<ValuePath.Step>, onceIsList: Bool
  ) -> PayloadValue? {
    var value = root
    for step in steps {
      switch step {
      case .index(0) where onceIsList && value.kind != .array, .index(-1) where onceIsList && value.kind != .array: break
      case .index(let position):
        guard let element = value[position] else { return nil }
        value = element
      case .name(_, let position?) where value.kind == .array:
        guard let element = value[position] else { return nil }
        value = element
      case .name(let name, let position):
        let found = value.members(named: name)
        guard let last = found.last else {
          if onceIsList, position == 0 { continue }
          return nil
        }
        if found.count > 1, !duplicateKeys.contains(path.text) { duplicateKeys.append(path.text) }
        value = last
      }
    }
    return .json(value)
  }

  /// Looks into a form's field that holds JSON, such as Slack's `payload` and Mandrill's `mandrill_events`.
  private mutating func embeddedValue(in fields: [FormField], _ path: ValuePath) -> PayloadValue? {
    guard path.steps.count >= 2, case .name(let name, _)? = path.steps.first else { return nil }
    let document: JSONDocument?
    if let known = embedded[name] {
      document = known
    } else {
      let texts = fields.lazy.filter { $0.name == name }.prefix(2).map(\.value)
      document = texts.count == 1 ? texts.first.flatMap { EmbeddedJSON.document($0) } : nil
      embedded[name] = .some(document)
    }
    guard let document else { return nil }
    return value(in: document.root, path, path.steps.dropFirst(), onceIsList: true)
  }

  /// Looks into named texts. A name that occurs several times has a list; position 0 of a single text is that text.
  private static func value<Field>(
    in fields: [Field], name: KeyPath<Field, [UInt8]>, value: KeyPath<Field, [UInt8]>, _ steps: [ValuePath.Step]
  ) -> PayloadValue? {
    guard let first = steps.first else {
      return .fields(fields.map { FormField(name: $0[keyPath: name], value: $0[keyPath: value]) })
    }
    guard case .name(let wanted, _) = first, steps.count <= 2 else { return nil }
    var single: [UInt8]?
    var several: [[UInt8]] = []
    for field in fields where field[keyPath: name] == wanted {
      if let found = single {
        if several.isEmpty { several.append(found) }
        several.append(field[keyPath: value])
      } else {
        single = field[keyPath: value]
      }
    }
    guard let single else { return nil }
    guard steps.count == 2 else { return several.isEmpty ? .text(single) : .texts(several) }
    let position: Int
    switch steps[1] {
    case .index(let index): position = index
    case .name(_, let index?): position = index
    case .name(_, nil): return nil
    }
    if several.isEmpty { return position == 0 || position == -1 ? .text(single) : nil }
    let wantedPosition = position < 0 ? several.count + position : position
    return several.indices.contains(wantedPosition) ? .text(several[wantedPosition]) : nil
  }

  private func triggerValue(_ steps: [ValuePath.Step]) -> PayloadValue? {
    guard case .name(let name, _)? = steps.first else {
      return .fields([
        FormField(name: Array("id".utf8), value: Array(trigger.id.utf8)),
        FormField(name: Array("flow".utf8), value: Array(trigger.flow.utf8)),
        FormField(name: Array("node".utf8), value: Array(trigger.node.utf8)),
      ])
    }
    switch String(decoding: name, as: UTF8.self) {
    case "id": return .text(Array(trigger.id.utf8))
    case "flow": return .text(Array(trigger.flow.utf8))
    case "node": return .text(Array(trigger.node.utf8))
    default: return nil
    }
  }
}
