internal import JSON

/// A value of a payload that has no parts.
package struct PayloadLeaf: Hashable, Sendable {
  /// Ready for a mapping, such as `body.items[0].amount`.
  package var path: String
  /// JSON, cut to `PayloadLeaves.valueLimit` bytes.
  package var value: [UInt8]
  /// "string", "number", "boolean", "null", "empty_list" or "empty_object".
  package var type: String

  /// Makes a leaf.
  package init(path: String, value: [UInt8], type: String) {
    self.path = path
    self.value = value
    self.type = type
  }
}

/// Every leaf of a request as paths see it.
///
/// Of a name that occurs twice in an object, the last one is shown, because that is the one that a path leads to. What no path
/// can name (a name that is not UTF-8, a path that is too long) is left out.
package enum PayloadLeaves {
  /// Bytes of a value.
  package static let valueLimit = 256
  /// Leaves of one request; what follows is left out.
  package static let limit = 1000
  /// Bytes of all paths and values together; what follows is left out.
  package static let totalLimit = 256 << 10

  /// The leaves: first those of the body, then query, headers and the rest.
  ///
  /// - Parameter limits: of the body; one that cannot be read has no leaves.
  package static func of(
    _ request: IncomingRequest, trigger: TriggerIdentity, limits: RequestBody.Limits = RequestBody.Limits(), limit: Int = limit
  ) -> [PayloadLeaf] {
    let body = (try? RequestBody(request, limits: limits)) ?? .empty
    var payload = Payload(request, body: body, trigger: trigger)
    var list = LeafList(limit: limit)
    for root in ["body", "query", "headers", "method", "path", "ip", "origin", "received_at"] {
      guard let path = try? ValuePath(root), let value = payload.value(at: path) else { continue }
      switch value {
      case .text(let text): if root == "body" || !text.isEmpty { list.add(text: text, at: root) }
      case .texts(let texts): list.add(texts, at: root)
      case .fields(let fields): list.add(fields, at: root)
      case .json(let json): list.add(json, at: root)
      }
    }
    return list.leaves
  }
}

/// Leaves as they are found.
private struct LeafList {
  private(set) var leaves: [PayloadLeaf] = []
  private var places: [String: Int] = [:]
  private var byteCount = 0
  private let limit: Int

  init(limit: Int) { self.limit = limit }

  private var isFull: Bool { leaves.count >= limit || byteCount >= PayloadLeaves.totalLimit }

  /// The depth is that of the document, which was limited when it was read.
  mutating func add(_ value: JSONValue, at path: String) {
    guard !isFull, path.utf8.count <= ValuePath.maximumBytes else { return }
    switch value.kind {
    case .object where value.count > 0:
      for (key, member) in value.members {
        guard !isFull else { return }
        guard let name = key.string else { continue }
        add(member, at: path + PathText.step(name))
      }
    case .array where value.count > 0:
      for (index, element) in value.elements.enumerated() {
        guard !isFull else { return }
        add(element, at: "\(path)[\(index)]")
      }
    case .object: add("{}", "empty_object", at: path)
    case .array: add("[]", "empty_list", at: path)
    case .null: add("null", "null", at: path)
    case .boolean: add(value.boolean == true ? "true" : "false", "boolean", at: path)
    case .number: add(PayloadLeaf(path: path, value: Array(value.raw.prefix(PayloadLeaves.valueLimit)), type: "number"))
    case .string:
      // Only the beginning is copied: it may be a file of megabytes.
      let text = value.withStringBytes { Array($0.prefix(PayloadLeaves.valueLimit)) } ?? []
      add(text: text, at: path)
    }
  }

  mutating func add(_ fields: [FormField], at path: String) {
    var groups: [[UInt8]: [[UInt8]]] = [:]
    var order: [[UInt8]] = []
    for field in fields {
      if groups[field.name] == nil { order.append(field.name) }
      groups[field.name, default: []].append(field.value)
    }
    for name in order {
      guard !isFull else { return }
      guard let text = String(validating: name, as: UTF8.self), let values = groups[name] else { continue }
      let inside = path + PathText.step(text)
      if values.count == 1 { add(text: values[0], at: inside) } else { add(values, at: inside) }
    }
  }

  mutating func add(_ texts: [[UInt8]], at path: String) {
    for (index, text) in texts.enumerated() where !isFull { add(text: text, at: "\(path)[\(index)]") }
  }

  mutating func add(text: [UInt8], at path: String) {
    var writer = JSONWriter()
    writer.string(text.prefix(PayloadLeaves.valueLimit))
    add(PayloadLeaf(path: path, value: Array(writer.bytes.prefix(PayloadLeaves.valueLimit)), type: "string"))
  }

  private mutating func add(_ json: String, _ type: String, at path: String) {
    add(PayloadLeaf(path: path, value: Array(json.utf8), type: type))
  }

  private mutating func add(_ leaf: PayloadLeaf) {
    guard leaf.path.utf8.count <= ValuePath.maximumBytes else { return }
    if let place = places[leaf.path] {
      leaves[place] = leaf
    } else if !isFull {
      byteCount += leaf.path.utf8.count + leaf.value.count
      places[leaf.path] = leaves.count
      leaves.append(leaf)
    }
  }
}

/// Paths as text.
enum PathText {
  /// The step to a member: `.name`, or `["odd name"]` where the name is none that can stand bare.
  static func step(_ name: String) -> String {
    var scanner = PathScanner(Array(name.utf8))
    if scanner.name() != nil, scanner.isAtEnd { return "." + name }
    return "[\"" + name.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\"]"
  }
}
