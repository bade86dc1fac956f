import NIOCore

@testable import Edge

/// How the bytes of a test arrive.
enum Arrival: String, CaseIterable, Sendable {
  case whole
  case byteByByte
  case inPieces

  func pieces(_ bytes: [UInt8]) -> [ByteBuffer] {
    switch self {
    case .whole: return [ByteBuffer(bytes: bytes)]
    case .byteByByte: return bytes.map { ByteBuffer(bytes: [$0]) }
    case .inPieces:
      var source = SplitMix(state: UInt64(bytes.count))
      var pieces: [ByteBuffer] = []
      var rest = bytes[...]
      while !rest.isEmpty {
        let piece = rest.prefix(Int.random(in: 1...max(1, min(rest.count, 40)), using: &source))
        pieces.append(ByteBuffer(bytes: piece))
        rest = rest.dropFirst(piece.count)
      }
      return pieces
    }
  }
}

/// What a parser made of some bytes.
struct Reading: Equatable {
  struct Request: Equatable {
    var head: RequestHead
    var body: [UInt8] = []
    var isComplete = false
  }

  var requests: [Request] = []
  var refusal: HTTPRefusal?

  var complete: [Request] { requests.filter(\.isComplete) }

  init(_ bytes: [UInt8], _ arrival: Arrival = .whole, limits: HTTPLimits = HTTPLimits()) {
    var parser = RequestParser(limits: limits)
    var buffer = ByteBuffer()
    for var piece in arrival.pieces(bytes) {
      buffer.writeBuffer(&piece)
      do throws(HTTPRefusal) {
        while let event = try parser.next(&buffer) {
          switch event {
          case .head(let head): requests.append(Request(head: head))
          case .body(let part): requests[requests.count - 1].body += part.readableBytesView
          case .end: requests[requests.count - 1].isComplete = true
          }
        }
      } catch {
        refusal = error
        return
      }
    }
  }

  init(_ text: String, _ arrival: Arrival = .whole, limits: HTTPLimits = HTTPLimits()) {
    self.init(Array(text.utf8), arrival, limits: limits)
  }
}

/// A seeded generator (SplitMix64), so that a failure can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}

func text(_ bytes: some Collection<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
