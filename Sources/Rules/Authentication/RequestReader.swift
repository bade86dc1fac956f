import JSON

/// Reads single values of a request; parses query and body only when asked for one of theirs.
struct RequestReader {
  /// What is at a place.
  enum Found {
    case absent
    case value([UInt8])
    /// More than once: two readers of the request could mean different ones.
    case doubled
  }

  /// Query parameters that are looked at; more are refused as if the one looked for were doubled.
  static let maximumParameters = 1000

  let request: IncomingRequest
  var body: LazyBody
  private var parameters: [FormField]?

  init(_ request: IncomingRequest, body: LazyBody) {
    self.request = request
    self.body = body
  }

  mutating func value(_ source: ValueSource) -> Found {
    switch source {
    case .header(let name): header(name)
    case .query(let name): query(name)
    case .json(let path): json(path)
    case .form(let name): form(name)
    }
  }

  func header(_ name: [UInt8]) -> Found {
    let (value, count) = request.header(name)
    guard let value else { return .absent }
    return count == 1 ? .value(value) : .doubled
  }

  mutating func query(_ name: [UInt8]) -> Found {
    if request.query.isEmpty { return .absent }
    if parameters == nil { parameters = FormDecoding.pairs(request.query, limit: Self.maximumParameters) }
    guard let parameters else { return .doubled }
    return Self.only(name, in: parameters)
  }

  mutating func form(_ name: [UInt8]) -> Found {
    guard let fields = formFields() else { return .absent }
    return Self.only(name, in: fields)
  }

  /// The fields of a form body; `nil` when the body is none. An empty body is a form without fields.
  mutating func formFields() -> [FormField]? {
    do {
      switch try body.parsed() {
      case .form(let fields): return fields
      case .empty: return []
      default: return nil
      }
    } catch {
      return nil
    }
  }

  /// The text of a string, the digits of a number, `true` or `false`; `null`, arrays and objects count as absent.
  mutating func json(_ path: DottedPath) -> Found {
    guard let root = jsonRoot() else { return .absent }
    switch Self.step(path, from: root) {
    case .absent: return .absent
    case .doubled: return .doubled
    case .found(let value):
      switch value.kind {
      case .string: return value.stringBytes.map { .value($0) } ?? .absent
      case .number, .boolean: return .value(Array(value.raw))
      case .null, .array, .object: return .absent
      }
    }
  }

  /// How many elements the array at a path has; `nil` when there is no such array.
  mutating func arrayCount(_ path: DottedPath) -> Int? {
    guard let root = jsonRoot(), case .found(let value) = Self.step(path, from: root), value.kind == .array else { return nil }
    return value.count
  }

  private mutating func jsonRoot() -> JSONValue? {
    do {
      guard case .json(let document) = try body.parsed() else { return nil }
      return document.root
    } catch {
      return nil
    }
  }

  private enum Step {
    case absent
    case doubled
    case found(JSONValue)
  }

  private static func step(_ path: DottedPath, from root: JSONValue) -> Step {
    var value = root
    for segment in path.segments {
      switch value.kind {
      case .object:
        let (last, count) = value.members(named: segment)
        guard let last else { return .absent }
        guard count == 1 else { return .doubled }
        value = last
      case .array:
        guard let index = Int(String(decoding: segment, as: UTF8.self)), index >= 0, let element = value[index] else {
          return .absent
        }
        value = element
      default: return .absent
      }
    }
    return .found(value)
  }

  private static func only(_ name: [UInt8], in fields: [FormField]) -> Found {
    var found: [UInt8]?
    for field in fields where field.name == name {
      guard found == nil else { return .doubled }
      found = field.value
    }
    return found.map { .value($0) } ?? .absent
  }
}
