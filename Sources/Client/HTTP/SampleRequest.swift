/// A request made up for a trigger from its own configuration: the first case's event, and a value at every place that the
/// configuration looks at.
struct SampleRequest: Sendable, Hashable {
  /// JSON.
  private(set) var body: JSONValue = [:]
  /// Names in lower case.
  private(set) var headers: [Field] = []
  private(set) var query: [Field] = []

  /// A header field or a parameter of the URL.
  struct Field: Sendable, Hashable {
    var name: String
    var value: String
  }

  /// - Parameters:
  ///   - configuration: of the node, as in a flow file.
  ///   - eventPath: the preset's, for a configuration that names none; may be empty.
  ///   - deliveryPath: the preset's, of what tells one delivery from another; may be empty.
  ///   - unique: a text that no other sample has, so that it is not taken for a repetition.
  init(_ configuration: JSONValue, eventPath: String, deliveryPath: String, unique: String) {
    let split = configuration["split"]?.text ?? ""
    func put(_ source: String?, _ value: JSONValue) {
      guard let path = source.flatMap(Self.path(in:)) else { return }
      set(path.hasPrefix("element") && !split.isEmpty ? split + "[0]" + path.dropFirst("element".count) : path, value)
    }
    for mapping in Self.elements(configuration["map"]) {
      let step = mapping["from"]?.text.flatMap(Self.path(in:)).flatMap { PathSteps.of($0).last } ?? ""
      put(mapping["from"]?.text, Self.value(ofType: mapping["type"]?.text, named: "\(mapping["variable"]?.text ?? "") \(step)"))
    }
    for field in Self.elements(configuration["customer"]) {
      put(field["from"]?.text, Self.value(named: field["field"]?.text ?? ""))
    }
    if let chat = configuration["chat"] { put(chat["from"]?.text, Self.value(named: chat["channel"]?.text ?? "")) }
    put(configuration["order_by"]?.text, "sample")
    let delivery = configuration["dedup"]?.text ?? configuration["dedup"]?["by"]?.text ?? "preset"
    put(delivery == "preset" ? deliveryPath : delivery, .string(unique))
    let value = Self.elements(configuration["events"]?["cases"]).compactMap { $0["value"]?.text }.first { !$0.contains("{{") }
    put(configuration["events"]?["path"]?.text ?? eventPath, .string(value ?? "sample"))
  }

  private static func elements(_ list: JSONValue?) -> [JSONValue] {
    if case .array(let elements) = list { elements } else { [] }
  }

  // MARK: Places

  /// The path that a template begins with, or the text itself; `nil`: there is none that a caller can fill.
  private static func path(in source: String) -> String? {
    var path = source[...]
    if let begin = source.firstRange(of: "{{") {
      path = source[begin.upperBound...]
      path = path[..<(path.firstRange(of: "}}")?.lowerBound ?? path.endIndex)]
      path = path[..<(path.firstRange(of: "??")?.lowerBound ?? path.endIndex)]
    }
    let words = path.split(separator: " ")
    guard words.count == 1, let word = words.first else { return nil }
    let isFillable = ["body", "headers", "query", "element"].contains {
      word == $0 || word.hasPrefix($0 + ".") || word.hasPrefix($0 + "[")
    }
    return isFillable ? String(word) : nil
  }

  private mutating func set(_ path: String, _ value: JSONValue) {
    let steps = PathSteps.of(path)
    guard steps.count > 1 else { return }
    switch steps[0] {
    case "body": body = Self.setting(value, at: steps.dropFirst(), in: body)
    case "headers" where steps.count == 2: Self.replace(&headers, steps[1].lowercased(), value)
    case "query" where steps.count == 2: Self.replace(&query, steps[1], value)
    default: break
    }
  }

  private static func replace(_ fields: inout [Field], _ name: String, _ value: JSONValue) {
    fields.removeAll { $0.name == name }
    fields.append(Field(name: name, value: value.text ?? value.compact))
  }

  /// Elements of a list that a path may ask for: what lies behind is left out rather than filled up with nulls.
  private static let longestList = 16

  private static func setting(_ value: JSONValue, at steps: ArraySlice<String>, in place: JSONValue?) -> JSONValue {
    guard let step = steps.first else {
      // What another line of the configuration needs there, or inside, stays.
      if let place, place != .null, value == anything { return place }
      if case .object? = place, case .string = value { return place ?? value }
      return value
    }
    if step.hasPrefix("["), step.hasSuffix("]"), let index = Int(step.dropFirst().dropLast()) {
      var elements = Self.elements(place)
      let position = max(0, index)
      guard position < longestList else { return place ?? [] }
      while elements.count <= position { elements.append(.null) }
      elements[position] = setting(value, at: steps.dropFirst(), in: elements[position])
      return .array(elements)
    }
    var object: JSONValue = [:]
    if case .object? = place, let place { object = place }
    object.set(step, setting(value, at: steps.dropFirst(), in: object[step]))
    return object
  }

  // MARK: Values

  private static func value(ofType type: String?, named name: String) -> JSONValue {
    switch type {
    case "number": .number("12.50")
    case "boolean": true
    case "json": ["sample": true]
    default: value(named: name)
    }
  }

  /// A likely text for what is called so. The domain is one of RFC 2606, the number one of those kept for fiction.
  private static func value(named name: String) -> JSONValue {
    let name = name.lowercased()
    if name.contains("mail") { return "ana@example.com" }
    if ["phone", "whats", "sms", "mobile", "fone"].contains(where: name.contains) { return "+12025550123" }
    if ["amount", "price", "total", "value"].contains(where: name.contains) { return .number("12.50") }
    if ["instagram", "telegram"].contains(where: name.contains) { return "ana_example" }
    if name.contains("name") { return "Ana Example" }
    return anything
  }

  /// Where nothing is known of what is wanted.
  private static let anything: JSONValue = "sample"
}
