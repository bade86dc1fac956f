package import JSON

/// Reads one object of a flow file and collects every fault of it.
///
/// A field that is `null` is one that is not there: YAML writes `field:` so.
package struct FieldReader: Sendable {
  /// The object.
  package let object: JSONValue
  /// Where it stands, such as "nodes[0].auth"; empty at the top.
  package let path: String

  /// Unknown fields are no longer listed beyond this many faults.
  package static let maximumFaults = 1000

  /// Checks that the value is an object of known fields, none of them twice.
  ///
  /// - Returns: `nil`, with a fault, when the value is not an object.
  package init?(_ value: JSONValue, at path: String, known: [String], faults: inout [ConfigurationFault]) {
    guard let reader = FieldReader(open: value, at: path, faults: &faults) else { return nil }
    self = reader
    for (key, _) in value.members {
      guard let name = key.string, !known.contains(name) else { continue }
      guard faults.count < Self.maximumFaults else { break }
      let hint =
        Spelling.nearest(to: name, in: known).map { "Did you mean \"\($0)\"?" }
        ?? "Known here: \(Spelling.alternatives(known))."
      faults.append(ConfigurationFault(Self.join(path, name), .unknownField, "There is no such field. \(hint)"))
    }
  }

  /// Checks that the value is an object, none of whose fields stands twice; any field may stand in it.
  package init?(open value: JSONValue, at path: String, faults: inout [ConfigurationFault]) {
    object = value
    self.path = path
    guard value.kind == .object else {
      faults.append(ConfigurationFault(path, .wrongType, "An object with fields is expected, not \(Self.typeName(value))."))
      return nil
    }
    var seen: Set<[UInt8]> = []
    for (key, _) in value.members {
      guard let name = key.stringBytes, !seen.insert(name).inserted else { continue }
      faults.append(
        ConfigurationFault(Self.join(path, String(decoding: name, as: UTF8.self)), .duplicate, "The field stands here twice."))
    }
  }

  /// The path of a field of this object.
  package func path(_ name: String) -> String { Self.join(path, name) }

  /// The field's value; `nil` when it is not there or `null`.
  package func value(_ name: String) -> JSONValue? {
    guard let value = object[name], !value.isNull else { return nil }
    return value
  }

  /// A fault of a field of this object.
  package func fault(_ name: String, _ code: ConfigurationFault.Code, _ message: String) -> ConfigurationFault {
    ConfigurationFault(path(name), code, message)
  }

  /// The text of a field; `nil`, with a fault unless it is optional and not there, when there is none.
  package func string(_ name: String, required: Bool = false, faults: inout [ConfigurationFault]) -> String? {
    guard let value = value(name) else {
      if required { faults.append(fault(name, .required, "The field must be there.")) }
      return nil
    }
    guard let text = value.string else {
      faults.append(fault(name, .wrongType, "A text is expected, not \(Self.typeName(value))."))
      return nil
    }
    guard !(required && text.isEmpty) else {
      faults.append(fault(name, .required, "The text must not be empty."))
      return nil
    }
    return text
  }

  /// The integer of a field.
  package func integer(_ name: String, in range: ClosedRange<Int>, faults: inout [ConfigurationFault]) -> Int? {
    guard let value = value(name) else { return nil }
    guard value.kind == .number else {
      faults.append(fault(name, .wrongType, "A number is expected, not \(Self.typeName(value))."))
      return nil
    }
    guard let number = value.integer.flatMap({ Int(exactly: $0) }), range.contains(number) else {
      let bounds = "from \(range.lowerBound) to \(range.upperBound)"
      faults.append(fault(name, .invalidValue, "A whole number \(bounds) is expected."))
      return nil
    }
    return number
  }

  /// The truth value of a field.
  package func boolean(_ name: String, faults: inout [ConfigurationFault]) -> Bool? {
    guard let value = value(name) else { return nil }
    guard let boolean = value.boolean else {
      faults.append(fault(name, .wrongType, "true or false is expected, not \(Self.typeName(value))."))
      return nil
    }
    return boolean
  }

  /// The elements of a field that is a list, each with its path; empty, with a fault if it is no list, when there are none.
  package func elements(
    _ name: String, limit: Int, faults: inout [ConfigurationFault]
  ) -> [(value: JSONValue, path: String)] {
    guard let value = value(name) else { return [] }
    guard value.kind == .array else {
      faults.append(fault(name, .wrongType, "A list is expected, not \(Self.typeName(value))."))
      return []
    }
    if value.count > limit {
      faults.append(fault(name, .tooMany, "There are \(value.count) elements; \(limit) is the most."))
    }
    let list = path(name)
    return value.elements.prefix(limit).enumerated().map { ($0.element, "\(list)[\($0.offset)]") }
  }

  /// `path.name`, or `path["odd name"]`.
  package static func join(_ path: String, _ name: String) -> String {
    let isPlain =
      !name.isEmpty && name.utf8.count <= 64
      && name.utf8.allSatisfy { byte in
        byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-") || (byte < 0x80 && HTTPToken.isLetterOrDigit(byte))
      }
    guard isPlain else { return "\(path)[\(Spelling.quoted(name))]" }
    return path.isEmpty ? name : "\(path).\(name)"
  }

  /// A JSON type for people.
  package static func typeName(_ value: JSONValue) -> String {
    switch value.kind {
    case .null: "null"
    case .boolean: "true or false"
    case .number: "a number"
    case .string: "a text"
    case .array: "a list"
    case .object: "an object"
    }
  }
}
