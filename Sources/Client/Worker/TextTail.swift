/// The last bytes of a stream, for error reports.
package struct TextTail: Sendable {
  private let limit: Int
  private var bytes: [UInt8] = []
  private var isCut = false

  /// - Parameter limit: bytes that are kept.
  package init(limit: Int) { self.limit = limit }

  package mutating func append(_ more: [UInt8]) {
    bytes += more
    guard bytes.count > limit else { return }
    bytes.removeFirst(bytes.count - limit)
    isCut = true
  }

  /// The last whole lines that fit, as text; of a single long line its end.
  package var text: String {
    var kept = bytes[...]
    if isCut, let lineBreak = kept.firstIndex(of: UInt8(ascii: "\n")), lineBreak != kept.indices.last {
      kept = kept[(lineBreak + 1)...]
    }
    while let last = kept.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { kept.removeLast() }
    return String(decoding: kept, as: UTF8.self)
  }
}
