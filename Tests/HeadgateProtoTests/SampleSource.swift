import NIOCore
import Testing

@testable import HeadgateProto

/// A message that the generated tests can make random values of.
protocol SampledMessage: ProtoMessage {
  static func sample(_ source: inout SampleSource) -> Self
}

/// One message type as an argument of a test.
struct MessageType: Sendable, CustomTestStringConvertible {
  let type: any SampledMessage.Type

  var testDescription: String { type.protoName }

  static let all = everyMessage.map(MessageType.init)
}

/// Random values with the edges of each type among them. The same seed gives the same values (SplitMix64).
struct SampleSource: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
    return mixed ^ mixed >> 31
  }

  mutating func bool() -> Bool { .random(using: &self) }

  mutating func number<Number: FixedWidthInteger>() -> Number {
    switch Int.random(in: 0..<6, using: &self) {
    case 0: 0
    case 1: .max
    case 2: .min
    case 3: 1 << Number.random(in: 0..<Number(Number.bitWidth - 1), using: &self)
    default: .random(in: .min ... .max, using: &self)
    }
  }

  mutating func value<Enumeration: CaseIterable>() -> Enumeration where Enumeration.AllCases == [Enumeration] {
    Enumeration.allCases[Int.random(in: 0..<Enumeration.allCases.count, using: &self)]
  }

  mutating func bytes() -> [UInt8] {
    let count = [0, 1, 16, 127, 128, 300][Int.random(in: 0..<6, using: &self)]
    return (0..<count).map { _ in .random(in: 0...255, using: &self) }
  }

  mutating func text() -> String {
    let texts = [
      "", "a", "orders", "a\0b", "\0", "naïve", "日本語", "👩‍👩‍👧‍👦", "\u{10ffff}", String(repeating: "ß", count: 64), "\u{feff}\r\n\t\"",
    ]
    return texts[Int.random(in: 0..<texts.count, using: &self)]
  }

  mutating func maybe<Value>(_ make: (inout SampleSource) -> Value) -> Value? { bool() ? make(&self) : nil }

  mutating func several<Value>(_ make: (inout SampleSource) -> Value) -> [Value] {
    (0..<Int.random(in: 0..<4, using: &self)).map { _ in make(&self) }
  }
}

extension ProtoMessage {
  /// The message as it is on the wire.
  var encoded: [UInt8] {
    var buffer = ByteBuffer()
    encode(into: &buffer)
    return Array(buffer.readableBytesView)
  }

  init(decoding bytes: [UInt8]) throws(ProtoDecodingError) { try self.init(decoding: ByteBuffer(bytes: bytes)) }
}
