/// Why a text was refused as JSON.
package struct JSONError: Error, Hashable, Sendable {
  /// The kinds of refusal.
  package enum Code: Hashable, Sendable {
    /// Not JSON (RFC 8259), not UTF-8, or a surrogate without its partner.
    case syntax
    /// More arrays and objects inside each other than `JSONLimits.depth`.
    case tooDeep
    /// More bytes or values than `JSONLimits` allows.
    case tooLarge
    /// No memory for the result.
    case outOfMemory
    /// A fault of the parser.
    case parserFault
  }

  /// What kind.
  package let code: Code
  /// At which byte of the text.
  package let offset: Int
  /// For people. Contains nothing of the text.
  package let message: String

  /// Makes an error.
  package init(code: Code, offset: Int, message: String) {
    self.code = code
    self.offset = offset
    self.message = message
  }
}

extension JSONError: CustomStringConvertible {
  /// The message with the place.
  package var description: String { "\(message) (byte \(offset))" }
}
