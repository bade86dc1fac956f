/// `application/x-www-form-urlencoded` as browsers and servers read it (WHATWG URL Standard §5.1).
///
/// Nothing is refused: a percent sign without two hexadecimal digits stands for itself. Names stay as they are written;
/// `items[0][name]` and `items[]` are names like any other, because what brackets mean differs between PHP, Rails and qs,
/// and a literal name never loses a field. Such a field's path is `body["items[0][name]"]`.
package enum FormDecoding {
  /// The pairs in order. Empty pieces (`&&`) are skipped; a piece without "=" is a name with an empty value.
  ///
  /// - Returns: `nil` when there are more than `limit` pairs.
  package static func pairs(_ bytes: some BidirectionalCollection<UInt8>, limit: Int) -> [FormField]? {
    var fields: [FormField] = []
    for piece in bytes.split(separator: UInt8(ascii: "&")) {
      guard fields.count < limit else { return nil }
      if let equals = piece.firstIndex(of: UInt8(ascii: "=")) {
        fields.append(FormField(name: decode(piece[..<equals]), value: decode(piece[piece.index(after: equals)...])))
      } else {
        fields.append(FormField(name: decode(piece), value: []))
      }
    }
    return fields
  }

  /// "+" is a space; `%41` is a byte.
  package static func decode(_ bytes: some Collection<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count)
    var position = bytes.startIndex
    while position != bytes.endIndex {
      let byte = bytes[position]
      position = bytes.index(after: position)
      switch byte {
      case UInt8(ascii: "+"): result.append(UInt8(ascii: " "))
      case UInt8(ascii: "%"):
        if let first = bytes[position...].first.flatMap(hexDigit),
          let second = bytes[position...].dropFirst().first.flatMap(hexDigit)
        {
          result.append(first << 4 | second)
          position = bytes.index(position, offsetBy: 2)
        } else {
          result.append(byte)
        }
      default: result.append(byte)
      }
    }
    return result
  }

  private static func hexDigit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}

/// One decoded pair of a query or a form.
package struct FormField: Hashable, Sendable {
  /// Decoded; need not be UTF-8.
  package var name: [UInt8]
  /// Decoded; need not be UTF-8.
  package var value: [UInt8]

  /// Makes a pair.
  package init(name: [UInt8], value: [UInt8]) {
    self.name = name
    self.value = value
  }
}
