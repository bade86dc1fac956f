internal import CJSON

/// How much a document may ask for.
package struct JSONLimits: Hashable, Sendable {
  /// Arrays and objects inside each other; at most `maximumDepth`.
  package var depth: Int
  /// Bytes of the text; at most `maximumBytes`.
  package var bytes: Int
  /// Values and keys; 16 bytes of memory each.
  package var entries: Int

  /// The deepest that can be set.
  package static let maximumDepth = Int(HG_JSON_MAX_DEPTH)
  /// The largest that can be set.
  package static let maximumBytes = Int(HG_JSON_MAX_BYTES)

  /// Makes limits; the default depth is that of SPEC §3.
  package init(depth: Int = 128, bytes: Int = Self.maximumBytes, entries: Int = 1 << 26) {
    self.depth = min(max(depth, 0), Self.maximumDepth)
    self.bytes = min(max(bytes, 0), Self.maximumBytes)
    self.entries = max(entries, 0)
  }
}
