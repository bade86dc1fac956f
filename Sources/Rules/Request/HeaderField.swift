/// One HTTP header field.
package struct HeaderField: Hashable, Sendable {
  /// Lower-case (RFC 9110 §5.1: names are case-insensitive).
  package var name: [UInt8]
  /// As received, without surrounding white space.
  package var value: [UInt8]

  /// Makes a field of its name, which must be lower-case, and its value.
  package init(name: [UInt8], value: [UInt8]) {
    self.name = name
    self.value = value
  }

  /// Makes a field of texts; the name must be lower-case.
  package init(_ name: String, _ value: String) {
    self.init(name: Array(name.utf8), value: Array(value.utf8))
  }
}
