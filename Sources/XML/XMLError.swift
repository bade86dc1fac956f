/// Why bytes were refused as XML.
package struct XMLError: Error, Hashable, Sendable {
  /// The kinds of refusal.
  package enum Code: Hashable, Sendable {
    /// Not well-formed (XML 1.0 §2.1), not of its encoding, or an entity beyond the five that need no declaration.
    case malformed
    /// A document type declaration: nothing that a webhook needs, and the door to entity expansion.
    case documentType
    /// More elements inside each other than `XMLLimits.depth`.
    case tooDeep
    /// More nodes than `XMLLimits.nodes`, or more bytes than Expat takes.
    case tooLarge
    /// An encoding other than UTF-8, UTF-16, ISO-8859-1 and US-ASCII.
    case encodingUnknown(declared: String)
    /// No memory.
    case outOfMemory
  }

  /// What kind.
  package let code: Code
  /// At which byte.
  package let offset: Int
  /// For people. Contains nothing of the document.
  package let message: String

  init(_ code: Code, offset: Int, _ message: String) {
    self.code = code
    self.offset = offset
    self.message = message
  }

  /// An encoding that was told from outside of the document and is not one that is read.
  package static func unknownEncoding(_ name: String) -> XMLError {
    XMLError(.encodingUnknown(declared: name), offset: 0, "The encoding is not one that is read.")
  }
}

extension XMLError: CustomStringConvertible {
  /// The message with the place.
  package var description: String { "\(message) (byte \(offset))" }
}
