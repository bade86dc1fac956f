/// A position in a distributed trace, as the `traceparent` header carries it (W3C Trace Context §3.2).
package struct TraceContext: Hashable, Sendable {
  /// The trace, 16 bytes in two halves; not all zero.
  package let traceID: (high: UInt64, low: UInt64)
  /// The span that caused what follows; not zero.
  package let parentID: UInt64
  /// Bit 0: the caller may have recorded the trace.
  package let flags: UInt8

  private init(traceID: (high: UInt64, low: UInt64), parentID: UInt64, flags: UInt8) {
    self.traceID = traceID
    self.parentID = parentID
    self.flags = flags
  }

  /// A new trace, not recorded, from the system's random source.
  package static func generate() -> TraceContext {
    var source = SystemRandomNumberGenerator()
    return TraceContext(traceID: (source.next(), source.next() | 1), parentID: source.next() | 1, flags: 0)
  }

  /// The next span of the same trace.
  package func child() -> TraceContext {
    var source = SystemRandomNumberGenerator()
    return TraceContext(traceID: traceID, parentID: source.next() | 1, flags: flags)
  }

  /// The span of a request: what follows from the request goes on from it.
  ///
  /// It belongs to the caller's trace, or else to one whose id is the request's. A request's id (UUID version 7) is unique, and
  /// its last 62 bits are random, which is more than a trace id needs (W3C Trace Context Level 2 §3.2.2.3.1: 56 bits); its last 8
  /// bytes are never zero and make the span's id. So nothing is made, sent or stored where nobody traces, and whoever knows a
  /// request's id knows its trace.
  package init(ofRequest high: UInt64, _ low: UInt64, continuing caller: TraceContext?) {
    self.init(traceID: caller?.traceID ?? (high, low), parentID: low, flags: caller?.flags ?? 0)
  }

  /// The 16 bytes of the trace's id.
  package var traceIDBytes: [UInt8] {
    [traceID.high, traceID.low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) } }
  }

  /// Reads a header value; `nil` for what the specification says to ignore: other lengths, capitals, version ff, zero ids.
  /// Versions above 00 are read as far as 00 reaches (§4.3).
  package init?(_ text: some Collection<UInt8>) {
    let length = 55
    guard text.count >= length else { return nil }
    let bytes = Array(text.prefix(length + 1))
    guard bytes[2] == Self.hyphen, bytes[35] == Self.hyphen, bytes[52] == Self.hyphen,
      let version = Self.number(bytes[0..<2]), version != 0xff,
      let high = Self.number(bytes[3..<19]), let low = Self.number(bytes[19..<35]), high | low != 0,
      let parent = Self.number(bytes[36..<52]), parent != 0,
      let flags = Self.number(bytes[53..<55])
    else { return nil }
    guard text.count == length || version > 0 && bytes[length] == Self.hyphen else { return nil }
    self.init(traceID: (high, low), parentID: parent, flags: UInt8(flags))
  }

  private static let hyphen = UInt8(ascii: "-")

  private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for digit in digits {
      switch digit {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt64(digit - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt64(digit - UInt8(ascii: "a") + 10)
      default: return nil
      }
    }
    return value
  }

  package static func == (left: TraceContext, right: TraceContext) -> Bool {
    left.traceID == right.traceID && left.parentID == right.parentID && left.flags == right.flags
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(traceID.high)
    hasher.combine(traceID.low)
    hasher.combine(parentID)
    hasher.combine(flags)
  }
}

extension TraceContext: CustomStringConvertible {
  /// The header value, version 00.
  package var description: String { "00-\(traceIDText)-\(Self.hex(parentID, 16))-\(Self.hex(UInt64(flags), 2))" }

  /// The trace's id as 32 digits, for logs.
  package var traceIDText: String { Self.hex(traceID.high, 16) + Self.hex(traceID.low, 16) }

  private static func hex(_ value: UInt64, _ digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: digits - text.utf8.count) + text
  }
}
