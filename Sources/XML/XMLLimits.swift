/// How much a document may ask for.
package struct XMLLimits: Hashable, Sendable {
  /// Elements inside each other.
  package var depth: Int
  /// Elements, attributes and texts; some 60 bytes of memory each.
  package var nodes: Int

  /// Makes limits; the default depth is that of SPEC §3.
  package init(depth: Int = 128, nodes: Int = 400_000) {
    self.depth = max(depth, 1)
    self.nodes = min(max(nodes, 1), Int(Int32.max) - 1)
  }
}

/// A character encoding that was told from outside of the document, and counts more than what the document says.
package enum XMLEncoding: String, Hashable, Sendable, CaseIterable {
  case utf8 = "UTF-8"
  /// With a byte order mark, or big-endian (RFC 2781 §4.3).
  case utf16 = "UTF-16"
  case utf16BigEndian = "UTF-16BE"
  case utf16LittleEndian = "UTF-16LE"
  case latin1 = "ISO-8859-1"
}
