/// Writes the name of a certificate's subject or issuer (RFC 5280 §4.1.2.4) as text: "C=BR, O=Example, CN=Headgate CA", in the
/// order of the certificate.
///
/// Names that differ have texts that differ: what could be taken for a separator has a backslash before it (as in RFC 4514
/// §2.4), and a value that is no text is written as "#" and its bytes in hexadecimal.
enum DistinguishedName {
  /// The types that have short names (RFC 4514 §3); others are written as their identifier's bytes.
  private static let shortNames: [[UInt8]: String] = [
    [0x55, 0x04, 0x03]: "CN", [0x55, 0x04, 0x05]: "serialNumber", [0x55, 0x04, 0x06]: "C", [0x55, 0x04, 0x07]: "L",
    [0x55, 0x04, 0x08]: "ST", [0x55, 0x04, 0x0a]: "O", [0x55, 0x04, 0x0b]: "OU",
  ]

  /// - Parameter name: the content of the name's sequence; `nil` when it is not that of a name.
  static func text(of name: DERReader) -> String? {
    var name = name
    var parts: [String] = []
    while !name.isAtEnd {
      guard var set = name.enter(.set) else { return nil }
      var attributes: [String] = []
      while !set.isAtEnd {
        guard var attribute = set.enter(.sequence), let type = attribute.read(.objectIdentifier),
          let (tag, value) = attribute.readAny()
        else { return nil }
        attributes.append("\(shortNames[Array(type)] ?? "#" + hex(type))=\(text(tag, value))")
      }
      parts.append(attributes.joined(separator: "+"))
    }
    return parts.joined(separator: ", ")
  }

  private static func text(_ tag: DERTag, _ value: ArraySlice<UInt8>) -> String {
    guard tag == .utf8String || tag == .printableString || tag == .ia5String,
      let text = String(validating: value, as: UTF8.self),
      text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7f })
    else { return "#" + hex(value) }
    var escaped = ""
    for character in text {
      if ",+=\\".contains(character) || escaped.isEmpty && character == "#" { escaped.append("\\") }
      escaped.append(character)
    }
    return escaped
  }

  private static func hex(_ bytes: ArraySlice<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
