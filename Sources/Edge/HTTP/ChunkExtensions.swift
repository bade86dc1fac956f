/// Chunk extensions (RFC 9112 §7.1.1): checked, and then ignored.
enum ChunkExtensions {
  /// Whether the rest of a chunk's first line is `*( ";" BWS name [ BWS "=" BWS value ] )`. Blanks before a semicolon, which the
  /// grammar lets senders of old write, are refused: parsers disagree on them.
  static func areWellFormed(_ line: borrowing Span<UInt8>, from start: Int) -> Bool {
    var index = start
    while index < line.count {
      guard line[index] == UInt8(ascii: ";") else { return false }
      index = skipBlanks(line, index + 1)
      let nameEnd = skipToken(line, index)
      guard nameEnd > index else { return false }
      index = nameEnd
      let equals = skipBlanks(line, index)
      guard equals < line.count, line[equals] == UInt8(ascii: "=") else { continue }
      index = skipBlanks(line, equals + 1)
      if index < line.count, line[index] == UInt8(ascii: "\"") {
        guard let end = skipQuoted(line, index) else { return false }
        index = end
      } else {
        let valueEnd = skipToken(line, index)
        guard valueEnd > index else { return false }
        index = valueEnd
      }
    }
    return true
  }

  private static func skipBlanks(_ line: borrowing Span<UInt8>, _ start: Int) -> Int {
    var index = start
    while index < line.count, ByteClass.isBlank(line[index]) { index += 1 }
    return index
  }

  private static func skipToken(_ line: borrowing Span<UInt8>, _ start: Int) -> Int {
    var index = start
    while index < line.count, ByteClass.token.contains(line[index]) { index += 1 }
    return index
  }

  /// The index after the closing quote (RFC 9110 §5.6.4).
  private static func skipQuoted(_ line: borrowing Span<UInt8>, _ start: Int) -> Int? {
    var index = start + 1
    while index < line.count {
      switch line[index] {
      case UInt8(ascii: "\""): return index + 1
      case UInt8(ascii: "\\"):
        guard index + 1 < line.count, ByteClass.isFieldValue(line[index + 1]) else { return nil }
        index += 2
      case let byte:
        guard ByteClass.isFieldValue(byte) else { return nil }
        index += 1
      }
    }
    return nil
  }
}
