/// Writes JSON as bytes, with commas where they belong. The caller keeps objects and arrays balanced.
package struct JSONWriter: Sendable {
  /// What was written so far.
  package private(set) var bytes: [UInt8]
  private var needsComma = false

  /// Makes an empty writer.
  package init(reservingCapacity capacity: Int = 0) {
    bytes = []
    bytes.reserveCapacity(capacity)
  }

  /// Opens an object.
  package mutating func beginObject() { open(UInt8(ascii: "{")) }
  /// Closes the object.
  package mutating func endObject() { close(UInt8(ascii: "}")) }
  /// Opens an array.
  package mutating func beginArray() { open(UInt8(ascii: "[")) }
  /// Closes the array.
  package mutating func endArray() { close(UInt8(ascii: "]")) }

  /// Writes a member's name; its value comes next.
  package mutating func key(_ name: some Sequence<UInt8>) {
    string(name)
    bytes.append(UInt8(ascii: ":"))
    needsComma = false
  }

  /// Writes a member's name; its value comes next.
  package mutating func key(_ name: String) { key(name.utf8) }

  /// Writes a string. Bytes that are not UTF-8 become U+FFFD, so that the result is always JSON.
  package mutating func string(_ text: some Sequence<UInt8>) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    let start = bytes.count
    var ascii = true
    for byte in text {
      ascii = ascii && byte < 0x80
      append(escaping: byte)
    }
    if !ascii { repair(from: start) }
    bytes.append(UInt8(ascii: "\""))
    needsComma = true
  }

  /// Writes a string.
  package mutating func string(_ text: String) { string(text.utf8) }

  /// Writes an integer.
  package mutating func integer(_ value: some BinaryInteger) { raw(String(value).utf8) }

  /// Writes `true` or `false`.
  package mutating func boolean(_ value: Bool) { raw((value ? "true" : "false").utf8) }

  /// Writes `null`.
  package mutating func null() { raw("null".utf8) }

  /// Writes a value that already is JSON, as it is.
  package mutating func raw(_ json: some Sequence<UInt8>) {
    separate()
    bytes.append(contentsOf: json)
    needsComma = true
  }

  /// Writes a value of a document, as it stands there.
  package mutating func value(_ value: JSONValue) { raw(value.raw) }

  /// Writes the members of a whole object, as they stand there, into the object that is open.
  package mutating func members(_ object: some BidirectionalCollection<UInt8>) {
    let inside = object.dropFirst().dropLast()
    guard inside.contains(where: { $0 > 0x20 }) else { return }
    raw(inside)
  }

  /// A place to go back to.
  package struct Mark: Sendable {
    fileprivate let count: Int
    fileprivate let needsComma: Bool
  }

  /// This place.
  package var mark: Mark { Mark(count: bytes.count, needsComma: needsComma) }

  /// Takes back everything written since a mark of this writer.
  package mutating func rewind(to mark: Mark) {
    bytes.removeLast(bytes.count - mark.count)
    needsComma = mark.needsComma
  }

  private mutating func open(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    needsComma = false
  }

  private mutating func close(_ bracket: UInt8) {
    bytes.append(bracket)
    needsComma = true
  }

  private mutating func separate() {
    if needsComma { bytes.append(UInt8(ascii: ",")) }
  }

  /// RFC 8259 §7: quotation mark, reverse solidus and the control characters must be escaped.
  private mutating func append(escaping byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"):
      bytes.append(UInt8(ascii: "\\"))
      bytes.append(byte)
    case 0x0a: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "n")])
    case 0x0d: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "r")])
    case 0x09: bytes.append(contentsOf: [UInt8(ascii: "\\"), UInt8(ascii: "t")])
    case 0..<0x20:
      bytes.append(contentsOf: "\\u00".utf8)
      bytes.append(Self.hexDigits[Int(byte >> 4)])
      bytes.append(Self.hexDigits[Int(byte & 15)])
    default: bytes.append(byte)
    }
  }

  private mutating func repair(from start: Int) {
    // `String` replaces what is not UTF-8; nothing changes when all of it is.
    let repaired = String(decoding: bytes[start...], as: UTF8.self)
    if !repaired.utf8.elementsEqual(bytes[start...]) {
      bytes.replaceSubrange(start..., with: repaired.utf8)
    }
  }

  private static let hexDigits = Array("0123456789abcdef".utf8)
}
