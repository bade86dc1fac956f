internal import CJSON

/// A view of one value of a `JSONDocument`. Looking around in it allocates nothing; it keeps the document alive.
package struct JSONValue: Sendable {
  let tape: JSONTape
  let index: Int

  /// The JSON types.
  package enum Kind: Hashable, Sendable, CaseIterable {
    case null
    case boolean
    case number
    case string
    case array
    case object
  }

  var entry: hg_json_entry { tape.entries[index] }
  private var code: Int { Int(entry.head & 7) }

  /// The type.
  package var kind: Kind {
    switch code {
    case Int(HG_JSON_NULL): .null
    case Int(HG_JSON_FALSE), Int(HG_JSON_TRUE): .boolean
    case Int(HG_JSON_NUMBER): .number
    case Int(HG_JSON_STRING): .string
    case Int(HG_JSON_ARRAY): .array
    default: .object
    }
  }

  /// Whether it is `null`.
  package var isNull: Bool { code == Int(HG_JSON_NULL) }

  /// `true` or `false`; `nil` for another type.
  package var boolean: Bool? {
    switch code {
    case Int(HG_JSON_TRUE): true
    case Int(HG_JSON_FALSE): false
    default: nil
    }
  }

  /// The exact text of this value: a string with its quotation marks, an array or object with all that is in it.
  package var raw: ArraySlice<UInt8> {
    let entry = entry
    let start = tape.base + Int(entry.offset)
    let end = start + Int(entry.length)
    return kind == .string ? tape.text[(start - 1)..<(end + 1)] : tape.text[start..<end]
  }

  /// The digits of a number as they stand in the text; `nil` for another type.
  package var numberText: ArraySlice<UInt8>? { kind == .number ? raw : nil }

  /// A number that is an integer of 64 bits, written without fraction or exponent; `nil` otherwise.
  package var integer: Int64? {
    guard let text = numberText else { return nil }
    return Int64(String(decoding: text, as: UTF8.self))
  }

  /// The decoded text of a string; `nil` for another type.
  package var string: String? { withStringBytes { String(decoding: $0, as: UTF8.self) } }

  /// The decoded bytes of a string, UTF-8; `nil` for another type.
  package var stringBytes: [UInt8]? { withStringBytes { Array($0) } }

  /// Whether it is a string of exactly these bytes.
  package func equals(_ bytes: [UInt8]) -> Bool {
    withStringBytes { decoded in
      decoded.count == bytes.count && decoded.elementsEqual(bytes)
    } ?? false
  }

  /// Calls `body` with the decoded bytes of a string, which are valid only during the call; `nil` for another type.
  package func withStringBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result? {
    let entry = entry
    guard Int(entry.head & 7) == Int(HG_JSON_STRING) else { return nil }
    if entry.head & 8 != 0 {
      // SAFETY: the parser wrote `head >> 4` bytes at `link`, and the tape, which self holds, owns the arena.
      return try body(UnsafeBufferPointer(start: tape.arena.map { $0 + Int(entry.link) }, count: Int(entry.head >> 4)))
    }
    let start = tape.base + Int(entry.offset)
    return try tape.text.withUnsafeBufferPointer { text in
      try body(UnsafeBufferPointer(rebasing: text[start..<(start + Int(entry.length))]))
    }
  }

  /// Elements of an array or members of an object; 0 for another type.
  package var count: Int {
    let entry = entry
    return Int(entry.head & 7) >= Int(HG_JSON_ARRAY) ? Int(entry.head >> 4) : 0
  }

  /// The index of the entry after this whole value.
  var next: Int {
    let entry = entry
    return Int(entry.head & 7) >= Int(HG_JSON_ARRAY) ? Int(entry.link) : index + 1
  }
}

extension JSONValue: CustomStringConvertible {
  /// The type, never the content: it may be a secret or a customer's data.
  package var description: String { "JSONValue(\(kind))" }
}
