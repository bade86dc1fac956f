/// Reads JSON (RFC 8259) with the position of every value.
package struct JSONReader {
  /// What to do about a name that occurs twice in one object.
  package enum DuplicateNames: Sendable {
    /// An error: for configuration files, where one of the two was not meant.
    case refused
    /// Both stay: for showing what a third party sent.
    case kept
  }

  /// Arrays and objects within each other.
  package static let maximumDepth = 256

  private let bytes: [UInt8]
  private let duplicateNames: DuplicateNames
  private var index = 0
  private var position = SourcePosition(line: 1, column: 1)

  /// Reads one value and nothing but white space after it.
  ///
  /// - Throws: the first fault, with its position.
  package static func read(
    _ bytes: some Sequence<UInt8>, duplicateNames: DuplicateNames = .kept
  ) throws(DocumentError) -> LocatedValue {
    var reader = JSONReader(bytes: Array(bytes), duplicateNames: duplicateNames)
    reader.skipByteOrderMark()
    reader.skipSpace()
    let value = try reader.value(depth: 0)
    reader.skipSpace()
    guard reader.index == reader.bytes.count else { throw reader.fault("unexpected text after the value") }
    return value
  }

  private init(bytes: [UInt8], duplicateNames: DuplicateNames) {
    self.bytes = bytes
    self.duplicateNames = duplicateNames
  }

  private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

  private func fault(_ message: String) -> DocumentError { DocumentError(message, at: position) }

  private mutating func advance() {
    let byte = bytes[index]
    index += 1
    if byte == UInt8(ascii: "\n") {
      position.line += 1
      position.column = 1
    } else if byte & 0b1100_0000 != 0b1000_0000 {
      position.column += 1
    }
  }

  private mutating func advance(by count: Int) {
    for _ in 0..<count { advance() }
  }

  private mutating func skipByteOrderMark() {
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { index = 3 }
  }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { advance() }
  }

  private mutating func expect(_ character: Unicode.Scalar, _ what: String) throws(DocumentError) {
    guard next == UInt8(ascii: character) else {
      throw fault(next == nil ? "unexpected end, expected \(what)" : "expected \(what)")
    }
    advance()
  }

  private mutating func value(depth: Int) throws(DocumentError) -> LocatedValue {
    guard depth < Self.maximumDepth else { throw fault("nested deeper than \(Self.maximumDepth) levels") }
    let start = position
    switch next {
    case UInt8(ascii: "{"): return LocatedValue(.object(try members(depth: depth)), at: start)
    case UInt8(ascii: "["): return LocatedValue(.array(try elements(depth: depth)), at: start)
    case UInt8(ascii: "\""): return LocatedValue(.string(try string()), at: start)
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"): return LocatedValue(.number(try number()), at: start)
    case let byte? where (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
      return LocatedValue(.number(try number()), at: start)
    case nil: throw fault("unexpected end, expected a value")
    default: throw fault("expected a value")
    }
  }

  private mutating func word(_ word: String, _ content: LocatedValue.Content) throws(DocumentError) -> LocatedValue {
    let start = position
    guard bytes[index...].starts(with: word.utf8) else { throw fault("expected a value") }
    advance(by: word.utf8.count)
    return LocatedValue(content, at: start)
  }

  private mutating func number() throws(DocumentError) -> String {
    let end =
      bytes[index...].firstIndex { byte in
        !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) && !"+-.eE".utf8.contains(byte)
      } ?? bytes.count
    let digits = String(decoding: bytes[index..<end], as: UTF8.self)
    guard JSONValue.isNumber(digits) else { throw fault("\(digits) is not a number in JSON") }
    advance(by: end - index)
    return digits
  }

  private mutating func elements(depth: Int) throws(DocumentError) -> [LocatedValue] {
    advance()
    skipSpace()
    var elements: [LocatedValue] = []
    if next == UInt8(ascii: "]") {
      advance()
      return elements
    }
    while true {
      skipSpace()
      elements.append(try value(depth: depth + 1))
      skipSpace()
      if next == UInt8(ascii: "]") { break }
      try expect(",", "\",\" or \"]\"")
    }
    advance()
    return elements
  }

  private mutating func members(depth: Int) throws(DocumentError) -> [LocatedValue.Member] {
    advance()
    skipSpace()
    var members: [LocatedValue.Member] = []
    var names: Set<String> = []
    if next == UInt8(ascii: "}") {
      advance()
      return members
    }
    while true {
      skipSpace()
      let start = position
      guard next == UInt8(ascii: "\"") else { throw fault("expected a name in double quotes") }
      let name = try string()
      if !names.insert(name).inserted, duplicateNames == .refused {
        throw DocumentError("the name \"\(name)\" occurs twice", at: start)
      }
      skipSpace()
      try expect(":", "\":\"")
      skipSpace()
      members.append(LocatedValue.Member(name: name, namePosition: start, value: try value(depth: depth + 1)))
      skipSpace()
      if next == UInt8(ascii: "}") { break }
      try expect(",", "\",\" or \"}\"")
    }
    advance()
    return members
  }

  private mutating func string() throws(DocumentError) -> String {
    let start = position
    advance()
    var text: [UInt8] = []
    while true {
      switch next {
      case nil: throw DocumentError("this string has no end", at: start)
      case UInt8(ascii: "\""):
        advance()
        guard let string = String(validating: text, as: UTF8.self) else {
          throw DocumentError("this string is not UTF-8", at: start)
        }
        return string
      case UInt8(ascii: "\\"): text += Array(String(try escape()).utf8)
      case let byte? where byte < 0x20: throw fault("a control character in a string is written as an escape")
      case let byte?:
        text.append(byte)
        advance()
      }
    }
  }

  private mutating func escape() throws(DocumentError) -> Unicode.Scalar {
    let start = position
    advance()
    guard let byte = next else { throw DocumentError("unexpected end in an escape", at: start) }
    advance()
    switch byte {
    case UInt8(ascii: "\""): return "\""
    case UInt8(ascii: "\\"): return "\\"
    case UInt8(ascii: "/"): return "/"
    case UInt8(ascii: "b"): return "\u{8}"
    case UInt8(ascii: "f"): return "\u{c}"
    case UInt8(ascii: "n"): return "\n"
    case UInt8(ascii: "r"): return "\r"
    case UInt8(ascii: "t"): return "\t"
    case UInt8(ascii: "u"):
      let unit = try codeUnit(start)
      if let scalar = Unicode.Scalar(unit) { return scalar }
      // A surrogate: only a high one followed by a low one is a character.
      guard unit < 0xdc00, bytes[index...].starts(with: "\\u".utf8) else {
        throw DocumentError("half of a surrogate pair", at: start)
      }
      advance(by: 2)
      let low = try codeUnit(start)
      guard (0xdc00...0xdfff).contains(low),
        let scalar = Unicode.Scalar(0x10000 + (UInt32(unit) - 0xd800) << 10 + (UInt32(low) - 0xdc00))
      else { throw DocumentError("half of a surrogate pair", at: start) }
      return scalar
    default: throw DocumentError("unknown escape", at: start)
    }
  }

  private mutating func codeUnit(_ start: SourcePosition) throws(DocumentError) -> UInt16 {
    guard index + 4 <= bytes.count,
      bytes[index..<index + 4].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
      let unit = UInt16(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
    else { throw DocumentError("\\u needs four hexadecimal digits", at: start) }
    advance(by: 4)
    return unit
  }
}
