internal import CZlib

/// The formats of compressed data that HTTP names (RFC 9110 §8.4.1).
package enum CompressedFormat: Hashable, Sendable, CaseIterable {
  /// RFC 1952, any number of members one after the other.
  case gzip
  /// RFC 1950 (zlib), which "deflate" means, or RFC 1951 without it, which some senders take it to mean.
  case deflate
}

/// Inflates compressed data whose sender is not trusted.
package enum Inflation {
  /// Inflates all of the bytes.
  ///
  /// Takes time and memory in proportion to the bytes and the limit, whatever the data says of itself: it stops as soon as
  /// the limit is passed.
  ///
  /// - Parameter limit: The most bytes that may come out.
  package static func inflate(_ bytes: [UInt8], _ format: CompressedFormat, limit: Int) throws(InflationError) -> [UInt8] {
    let limit = max(limit, 0)
    var inflated: [UInt8] = []
    inflated.reserveCapacity(expectedCount(of: bytes, format, limit: limit))
    var stream = try InflationStream(windowBits: windowBits(for: bytes, format))
    defer { stream.end() }
    // A zlib stream has no length of its own for its input: 32 bits at a time.
    var position = 0
    while position < bytes.count {
      let end = min(bytes.count, position + Int(UInt32.max))
      position = try stream.inflate(bytes, position..<end, isMultipart: format == .gzip, into: &inflated, limit: limit)
    }
    guard stream.isAtEnd else { throw .truncated }
    return inflated
  }

  /// The window and the frame as zlib wants to be told: up to 15 bits; plus 16: gzip; negative: no frame.
  private static func windowBits(for bytes: [UInt8], _ format: CompressedFormat) -> Int32 {
    switch format {
    case .gzip: MAX_WBITS + 16
    case .deflate: hasZlibHeader(bytes) ? MAX_WBITS : -MAX_WBITS
    }
  }

  /// Whether the bytes start with a zlib header (RFC 1950 §2.2).
  ///
  /// No deflate stream starts so: its first three bits would say "stored block, not the last", and the five after them,
  /// which every compressor leaves zero up to the next byte, would not be zero.
  private static func hasZlibHeader(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 2, bytes[0] & 0x0f == UInt8(Z_DEFLATED), bytes[0] >> 4 <= 7 else { return false }
    return (UInt16(bytes[0]) << 8 | UInt16(bytes[1])).isMultiple(of: 31)
  }

  /// What is set aside at first: what gzip's last four bytes say (RFC 1952 §2.3.1), but never more than the limit.
  private static func expectedCount(of bytes: [UInt8], _ format: CompressedFormat, limit: Int) -> Int {
    guard format == .gzip, bytes.count >= 18 else { return min(bytes.count, limit) }
    return min(bytes.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }, limit)
  }
}

/// zlib's state of one inflation.
private struct InflationStream: ~Copyable {
  /// On the heap because zlib compares the address with the one of the call before.
  private let stream: UnsafeMutablePointer<z_stream>
  /// Whether all that was given so far is whole.
  private(set) var isAtEnd = false

  /// What is inflated at a time.
  private static let chunkBytes = 32 << 10

  init(windowBits: Int32) throws(InflationError) {
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    let code = inflateInit2_(stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK else {
      stream.deallocate()
      throw .outOfMemory
    }
  }

  /// Must be called once, and nothing after it.
  func end() {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Inflates a part of the input.
  ///
  /// - Returns: Up to where it was used.
  mutating func inflate(
    _ bytes: [UInt8], _ range: Range<Int>, isMultipart: Bool, into inflated: inout [UInt8], limit: Int
  ) throws(InflationError) -> Int {
    // Typed throws do not pass through the closures of the standard library.
    let result: Result<Int, InflationError> = bytes.withUnsafeBufferPointer { input in
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.chunkBytes) { chunk in
        guard let source = input.baseAddress, let target = chunk.baseAddress else { return .success(range.upperBound) }
        // SAFETY: zlib reads `range` of the input, which outlives the loop, and does not write to it.
        stream.pointee.next_in = UnsafeMutablePointer(mutating: source + range.lowerBound)
        stream.pointee.avail_in = UInt32(range.count)
        while true {
          stream.pointee.next_out = target
          stream.pointee.avail_out = UInt32(Self.chunkBytes)
          let code = CZlib.inflate(stream, Z_NO_FLUSH)
          let produced = Self.chunkBytes - Int(stream.pointee.avail_out)
          guard produced <= limit - inflated.count else { return .failure(.tooLarge(limit: limit)) }
          inflated.append(contentsOf: UnsafeBufferPointer(start: target, count: produced))
          let rest = Int(stream.pointee.avail_in)
          switch code {
          case Z_STREAM_END:
            isAtEnd = true
            guard rest > 0 else { return .success(range.upperBound) }
            // Another member must follow, and nothing else.
            let next = range.upperBound - rest
            guard isMultipart, bytes[next] == 0x1f, rest == 1 || bytes[next + 1] == 0x8b else { return .failure(.trailingBytes) }
            guard inflateReset(stream) == Z_OK else { return .failure(.corrupt) }
            isAtEnd = false
          case Z_OK:
            // Nothing left to read and room to write: it wants more input.
            if rest == 0, produced < Self.chunkBytes { return .success(range.upperBound) }
          case Z_BUF_ERROR: return .success(range.upperBound)
          case Z_NEED_DICT: return .failure(.dictionaryNeeded)
          case Z_MEM_ERROR: return .failure(.outOfMemory)
          default: return .failure(.corrupt)
          }
        }
      }
    }
    return try result.get()
  }
}
