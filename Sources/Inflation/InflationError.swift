/// Why bytes could not be inflated.
package enum InflationError: Error, Hashable, Sendable {
  /// The bytes end before their format does.
  case truncated
  /// They are not of the format, or a checksum is wrong.
  case corrupt
  /// Something follows the end.
  case trailingBytes
  /// A preset dictionary is asked for (RFC 1950 §2.2); HTTP has no way to name one.
  case dictionaryNeeded
  /// There is more than `limit` bytes in them.
  case tooLarge(limit: Int)
  /// No memory for the window.
  case outOfMemory
}

extension InflationError: CustomStringConvertible {
  /// For people; contains nothing of the bytes.
  package var description: String {
    switch self {
    case .truncated: "the compressed data ends too early."
    case .corrupt: "the compressed data is damaged."
    case .trailingBytes: "something follows the end of the compressed data."
    case .dictionaryNeeded: "the compressed data asks for a preset dictionary."
    case .tooLarge(let limit): "there is more than \(limit) bytes in the compressed data."
    case .outOfMemory: "no memory to inflate the data."
    }
  }
}
