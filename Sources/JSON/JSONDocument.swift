internal import CJSON

/// A JSON text (RFC 8259) with the tape of its values: numbers keep their digits, subtrees their exact bytes.
///
/// Strings are checked to be UTF-8 and to have no surrogate without its partner. Keys that occur twice are kept; look-ups
/// answer the last one, and `JSONValue.members(named:)` tells that there were several.
package struct JSONDocument: Sendable {
  let tape: JSONTape

  /// Parses a text; takes and keeps the bytes.
  ///
  /// - Parameter acceptsByteOrderMark: skip EF BB BF at the start, as RFC 8259 §8.1 permits a parser to.
  package init(
    _ bytes: [UInt8], limits: JSONLimits = JSONLimits(), acceptsByteOrderMark: Bool = false
  ) throws(JSONError) {
    tape = try JSONTape(bytes, limits: limits, acceptsByteOrderMark: acceptsByteOrderMark)
  }

  /// The value that the whole text is.
  package var root: JSONValue { JSONValue(tape: tape, index: 0) }

  /// The text as it was given.
  package var bytes: [UInt8] { tape.text }
}

/// The parsed text and its tape; made once, never changed.
///
/// Unchecked because of the two pointers: nothing writes through them after `init`, and `deinit` is the only one to free.
final class JSONTape: @unchecked Sendable {
  let text: [UInt8]
  /// Added to an entry's offset: 3 after a byte order mark.
  let base: Int
  let entries: UnsafeBufferPointer<hg_json_entry>
  let arena: UnsafePointer<UInt8>?

  init(_ bytes: [UInt8], limits: JSONLimits, acceptsByteOrderMark: Bool) throws(JSONError) {
    guard bytes.count <= limits.bytes else {
      throw JSONError(code: .tooLarge, offset: limits.bytes, message: "The document is larger than \(limits.bytes) bytes.")
    }
    let base = acceptsByteOrderMark && bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    var result = hg_json_tape()
    // SAFETY: the parser reads `count - base` bytes from the pointer and keeps none of it.
    let code = bytes.withUnsafeBufferPointer { buffer in
      hg_json_parse(buffer.baseAddress.map { $0 + base }, buffer.count - base, UInt32(limits.depth), limits.entries, &result)
    }
    guard code == HG_JSON_OK, let first = result.entries else {
      throw Self.error(Int(code), offset: result.error_offset + base, text: String(cString: result.error_text), limits: limits)
    }
    text = bytes
    self.base = base
    // SAFETY: malloc'd by the parser and ours to free from here on.
    entries = UnsafeBufferPointer(start: UnsafePointer(first), count: result.entry_count)
    arena = UnsafePointer(result.arena)
  }

  deinit {
    // SAFETY: both came from malloc in the parser and nobody holds them longer than this object.
    hg_json_free(UnsafeMutableRawPointer(mutating: entries.baseAddress))
    hg_json_free(UnsafeMutableRawPointer(mutating: arena))
  }

  private static func error(_ code: Int, offset: Int, text: String, limits: JSONLimits) -> JSONError {
    switch code {
    case Int(HG_JSON_SYNTAX): JSONError(code: .syntax, offset: offset, message: text)
    case Int(HG_JSON_TOO_DEEP):
      JSONError(code: .tooDeep, offset: offset, message: "More than \(limits.depth) arrays and objects inside each other.")
    case Int(HG_JSON_TOO_LARGE):
      JSONError(code: .tooLarge, offset: offset, message: "More than \(limits.entries) values.")
    case Int(HG_JSON_NO_MEMORY): JSONError(code: .outOfMemory, offset: offset, message: "No memory for the document.")
    default: JSONError(code: .parserFault, offset: offset, message: "The parser failed.")
    }
  }
}
