/// A JSON value whose numbers keep the digits they were written with and whose objects keep their order.
///
/// What people write into a flow file and what third parties send goes through this type, so nothing may be rounded:
/// 9007199254740993, 1e400 and 0.10 come out as they went in.
package enum JSONValue: Hashable, Sendable {
  case null
  case bool(Bool)
  /// The number as RFC 8259 §6 spells it.
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// One name and value of an object.
  package struct Member: Hashable, Sendable {
    package var name: String
    package var value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// The value of the first member with that name; `nil` when there is none or this is no object.
  package subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The text of a string; `nil` for any other value.
  package var text: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// Replaces the member with that name, or adds it at the end. Without effect on anything but an object.
  package mutating func set(_ name: String, _ value: JSONValue) {
    guard case .object(var members) = self else { return }
    if let index = members.firstIndex(where: { $0.name == name }) {
      members[index].value = value
    } else {
      members.append(Member(name, value))
    }
    self = .object(members)
  }

  /// A whole number.
  package static func integer(_ value: some BinaryInteger) -> JSONValue { .number(String(value)) }

  /// The text, or null when it is empty: how "not there" of the proto messages is shown to scripts.
  package static func textOrNull(_ text: String) -> JSONValue { text.isEmpty ? .null : .string(text) }

  /// Whether the characters are a number as RFC 8259 §6 spells it: no leading zero, no plus sign, digits around the point.
  package static func isNumber(_ text: some StringProtocol) -> Bool {
    var bytes = Substring(text).utf8
    func isDigit(_ byte: UInt8?) -> Bool { byte.map { (0x30...0x39).contains($0) } ?? false }
    if bytes.first == UInt8(ascii: "-") { bytes.removeFirst() }
    guard isDigit(bytes.first) else { return false }
    if bytes.first == UInt8(ascii: "0") {
      bytes.removeFirst()
    } else {
      bytes = bytes.drop { isDigit($0) }
    }
    if bytes.first == UInt8(ascii: ".") {
      bytes.removeFirst()
      guard isDigit(bytes.first) else { return false }
      bytes = bytes.drop { isDigit($0) }
    }
    if bytes.first == UInt8(ascii: "e") || bytes.first == UInt8(ascii: "E") {
      bytes.removeFirst()
      if bytes.first == UInt8(ascii: "+") || bytes.first == UInt8(ascii: "-") { bytes.removeFirst() }
      guard isDigit(bytes.first) else { return false }
      bytes = bytes.drop { isDigit($0) }
    }
    return bytes.isEmpty
  }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(stringLiteral value: String) { self = .string(value) }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(nilLiteral: ()) { self = .null }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements.map { Member($0.0, $0.1) }) }
}
