/// How much of a request is read. Each limit is what is still accepted.
package struct HTTPLimits: Sendable, Hashable {
  /// Bytes of the request target.
  package var targetBytes: Int
  /// Bytes of all header lines with their line ends; not the request line, not the empty line.
  package var headerBytes: Int
  /// Header lines.
  package var headerFields: Int
  /// Bytes of the body after transfer decoding.
  package var bodyBytes: Int
  /// Bytes of chunk extensions and trailer lines of one request.
  package var chunkOverheadBytes: Int
  /// Bytes that are kept of requests which arrive while one is being answered. More than `pauseBytes` come only from a caller
  /// that has closed its side.
  package var readAheadBytes: Int

  /// The defaults: URI 8 KiB, headers 32 KiB in 100 fields, body 1 MiB.
  package init(
    targetBytes: Int = 8 * 1024, headerBytes: Int = 32 * 1024, headerFields: Int = 100, bodyBytes: Int = 1024 * 1024,
    chunkOverheadBytes: Int = 16 * 1024, readAheadBytes: Int = 64 * 1024
  ) {
    self.targetBytes = targetBytes
    self.headerBytes = headerBytes
    self.headerFields = headerFields
    self.bodyBytes = bodyBytes
    self.chunkOverheadBytes = chunkOverheadBytes
    self.readAheadBytes = readAheadBytes
  }

  /// A caller that is so many bytes ahead of its answers is not read from until the next one is out.
  static let pauseBytes = 16 * 1024
  /// Characters of a method. The longest registered one has 17 (IANA HTTP Method Registry).
  static let methodBytes = 24
  /// Bytes of an announced body that are read and thrown away after a refusal, so that the connection can go on; a longer body,
  /// or one of unknown length, costs the connection.
  static let discardedBodyBytes = 64 * 1024
  /// Empty lines skipped before a request line (RFC 9112 §2.2 asks for at least one).
  static let leadingEmptyLines = 2
  /// Digits of a chunk's size, leading zeros included.
  static let chunkSizeDigits = 16
}
