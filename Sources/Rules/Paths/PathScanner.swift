/// Reads the parts of paths and templates from bytes.
struct PathScanner {
  private let bytes: [UInt8]
  private(set) var position = 0
  private let end: Int
  /// Whether "[]", which stands for each element of a list, ends the steps; else it is a fault.
  var stopsAtEach = false

  init(_ bytes: [UInt8], from start: Int = 0, to end: Int? = nil) {
    self.bytes = bytes
    position = start
    self.end = end ?? bytes.count
  }

  var isAtEnd: Bool { position >= end }
  var next: UInt8? { position < end ? bytes[position] : nil }

  mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { position += 1 }
  }

  mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  mutating func take(_ word: String) -> Bool {
    guard bytes[position..<end].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  func text(from start: Int) -> String { String(decoding: bytes[start..<position], as: UTF8.self) }

  /// What stands here where something else should.
  func unexpected(in what: String, after somethingWasRead: Bool) -> PathSyntaxError {
    guard let byte = next else { return PathSyntaxError(offset: position, message: "the \(what) ends too early.") }
    let shown = Spelling.quoted(String(decoding: [byte < 0x80 ? byte : 0x3f], as: UTF8.self))
    let hint =
      somethingWasRead
      ? "; a step is .name, [0] or [\"any name\"]" : ""
    return PathSyntaxError(offset: position, message: "\(shown) cannot stand here\(hint).")
  }

  /// A name without quotation marks; `nil` when none starts here.
  mutating func name() -> [UInt8]? {
    let start = position
    while let byte = next, Self.isNameByte(byte) { position += 1 }
    return position == start ? nil : Array(bytes[start..<position])
  }

  /// `.name`, `[0]` and `["name"]`, as many as there are.
  mutating func steps(limit: Int) throws(PathSyntaxError) -> [ValuePath.Step] {
    var steps: [ValuePath.Step] = []
    while let byte = next {
      let start = position
      if byte == UInt8(ascii: ".") {
        position += 1
        guard let name = name() else {
          throw PathSyntaxError(
            offset: position, message: "a name follows the dot; one with other characters stands in brackets: [\"any name\"].")
        }
        steps.append(.name(name, index: Self.index(name)))
      } else if byte == UInt8(ascii: "[") {
        if stopsAtEach, bytes[position..<end].starts(with: Self.each) { break }
        position += 1
        steps.append(try bracketed())
      } else {
        break
      }
      guard steps.count <= limit else {
        throw PathSyntaxError(offset: start, message: "a path has at most \(limit) steps.")
      }
    }
    return steps
  }

  private static let each = Array("[]".utf8)

  private mutating func bracketed() throws(PathSyntaxError) -> ValuePath.Step {
    skipSpace()
    let start = position
    let step: ValuePath.Step
    if let name = try quoted() {
      step = .name(name, index: nil)
    } else {
      let isNegative = take(UInt8(ascii: "-"))
      let digits = position
      while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
      guard position > digits else {
        throw PathSyntaxError(offset: start, message: "in brackets stands a position, such as 0, or a name in quotation marks.")
      }
      guard position - digits <= 9, let value = Int(text(from: digits)) else {
        throw PathSyntaxError(offset: start, message: "a position has at most 9 digits.")
      }
      guard !(isNegative && value == 0) else {
        throw PathSyntaxError(offset: start, message: "the first element is 0, the last -1.")
      }
      step = .index(isNegative ? -value : value)
    }
    skipSpace()
    guard take(UInt8(ascii: "]")) else { throw PathSyntaxError(offset: position, message: "\"]\" is missing.") }
    return step
  }

  /// A text in " or '; `nil` when none starts here.
  mutating func quoted() throws(PathSyntaxError) -> [UInt8]? {
    guard let mark = next, mark == UInt8(ascii: "\"") || mark == UInt8(ascii: "'") else { return nil }
    let start = position
    position += 1
    var content: [UInt8] = []
    while let byte = next {
      position += 1
      if byte == mark { return content }
      guard byte == UInt8(ascii: "\\") else {
        content.append(byte)
        continue
      }
      guard let escaped = next else { break }
      guard escaped == UInt8(ascii: "\\") || escaped == UInt8(ascii: "\"") || escaped == UInt8(ascii: "'") else {
        throw PathSyntaxError(offset: position - 1, message: "\\ stands only before \\, \" and '.")
      }
      content.append(escaped)
      position += 1
    }
    throw PathSyntaxError(offset: start, message: "the quotation mark is not closed.")
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    byte >= 0x80 || HTTPToken.isLetterOrDigit(byte) || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "$") || byte == UInt8(ascii: "@") || byte == UInt8(ascii: ":")
  }

  private static func index(_ name: [UInt8]) -> Int? {
    guard name.count <= 9, name.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
    return Int(String(decoding: name, as: UTF8.self))
  }
}
