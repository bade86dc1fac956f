import JSON
import Testing

@testable import Rules

/// Bodies as senders make them.
enum BodySample {
  static func request(_ type: String?, _ body: [UInt8], encoding: [String] = []) -> IncomingRequest {
    IncomingRequest(
      headers: (type.map { [HeaderField("content-type", $0)] } ?? []) + encoding.map { HeaderField("content-encoding", $0) },
      body: body)
  }

  static func multipart(_ body: [UInt8], boundary: String = "b") -> IncomingRequest {
    request("multipart/form-data; boundary=\(boundary)", body)
  }

  static func multipart(_ body: String) -> IncomingRequest { multipart(Array(body.utf8)) }

  /// One part with its header lines.
  static func part(_ headers: String, _ content: String = "x") -> String {
    "--b\r\n\(headers)\r\n\r\n\(content)\r\n"
  }

  static func field(_ name: String, _ content: String) -> String {
    part("Content-Disposition: form-data; name=\"\(name)\"", content)
  }

  /// The value of `body`, or of another path, as JSON text; `nil` when there is none.
  static func value(_ request: IncomingRequest, _ path: String = "body") throws -> String? {
    var payload = try Sample.payload(request)
    return payload.value(at: try ValuePath(path))?.json
  }

  /// Why a request is refused; `nil` when it is not.
  static func cause(_ request: IncomingRequest, limits: RequestBody.Limits = RequestBody.Limits()) -> RefusalCause? {
    do throws(RequestBody.Fault) {
      _ = try RequestBody(request, limits: limits)
      return nil
    } catch {
      return error.cause
    }
  }

  // MARK: compressed, without a compressor

  /// A gzip member of stored blocks (RFC 1951 §3.2.4).
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff] + stored(bytes) + littleEndian(crc32(bytes)) + littleEndian(UInt32(bytes.count))
  }

  /// A zlib stream (RFC 1950) of stored blocks.
  static func zlib(_ bytes: [UInt8]) -> [UInt8] {
    var (a, b) = (UInt32(1), UInt32(0))
    for byte in bytes {
      a = (a + UInt32(byte)) % 65521
      b = (b + a) % 65521
    }
    return [0x78, 0x01] + stored(bytes) + littleEndian(b << 16 | a).reversed()
  }

  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var blocks: [UInt8] = []
    var rest = bytes[...]
    repeat {
      let block = rest.prefix(65_535)
      rest = rest.dropFirst(block.count)
      let length = UInt16(block.count)
      blocks +=
        [rest.isEmpty ? 1 : 0, UInt8(length & 0xff), UInt8(length >> 8), UInt8(~length & 0xff), UInt8(~length >> 8)] + block
    } while !rest.isEmpty
    return blocks
  }

  /// A deflate stream without a frame of 1 + 258 × `repetitions` zeros, eight repetitions at least, some 158 times smaller: a literal and matches of the
  /// greatest length in one block of the fixed code (RFC 1951 §3.2.6).
  static func zeros(repetitions: Int) -> [UInt8] {
    let match = code(0b1100_0101, 8) + code(0, 5)
    let start: [Bool] = [true, true, false] + code(0b0011_0000, 8)
    // Eight matches are 13 bytes, wherever in a byte they start: the last 13 whole bytes can be repeated.
    let bits = start + (0..<(repetitions % 8 + 8)).flatMap { _ in match }
    let whole = bits.count / 8 * 8
    let head = pack(bits[..<whole])
    var bytes = head
    bytes.reserveCapacity(head.count + repetitions / 8 * 13 + 2)
    for _ in 0..<max(repetitions / 8 - 1, 0) { bytes += head.suffix(13) }
    return bytes + pack(bits[whole...] + code(0, 7))
  }

  /// Codes are written from their most significant bit on.
  private static func code(_ value: Int, _ length: Int) -> [Bool] { (0..<length).map { value >> (length - 1 - $0) & 1 == 1 } }

  private static func pack(_ bits: some Collection<Bool>) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: (bits.count + 7) / 8)
    for (index, bit) in bits.enumerated() where bit { bytes[index / 8] |= 1 << UInt8(index % 8) }
    return bytes
  }

  private static func littleEndian(_ value: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

  private static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { crc, _ in crc >> 1 ^ (crc & 1 == 1 ? 0xedb8_8320 : 0) }
    }
  }

  /// SplitMix64, so that a failure can be repeated.
  struct Source: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }

  /// Changes one to three bytes.
  static func mutate(_ bytes: inout [UInt8], _ source: inout Source) {
    for _ in 0..<Int.random(in: 1...3, using: &source) where !bytes.isEmpty {
      let place = Int.random(in: bytes.indices, using: &source)
      switch Int.random(in: 0..<4, using: &source) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &source)
      case 1: bytes.remove(at: place)
      case 2: bytes.insert(Array("\r\n-\"\\;=%:<>&' ".utf8).randomElement(using: &source) ?? 0, at: place)
      default: bytes.insert(contentsOf: bytes[place...].prefix(8), at: Int.random(in: bytes.indices, using: &source))
      }
    }
  }
}
