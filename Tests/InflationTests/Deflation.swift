import CZlib

/// Compressed data as senders make it, for the tests.
enum Deflation {
  enum Frame: CaseIterable {
    case gzip
    case zlib
    case raw

    var windowBits: Int32 {
      switch self {
      case .gzip: MAX_WBITS + 16
      case .zlib: MAX_WBITS
      case .raw: -MAX_WBITS
      }
    }
  }

  static func deflate(_ bytes: [UInt8], _ frame: Frame, level: Int32 = 6, flush: Int32 = Z_FINISH) -> [UInt8] {
    var stream = z_stream()
    deflateInit2_(
      &stream, level, Z_DEFLATED, frame.windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(&stream) }
    var input = bytes
    let room = Int(deflateBound(&stream, UInt(bytes.count))) + 64
    return input.withUnsafeMutableBufferPointer { input in
      [UInt8](unsafeUninitializedCapacity: room) { output, count in
        stream.next_in = input.baseAddress
        stream.avail_in = UInt32(input.count)
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(room)
        CZlib.deflate(&stream, flush)
        count = room - Int(stream.avail_out)
      }
    }
  }

  /// A gzip stream of `mebibytes` MiB of zeros, made of one compressed mebibyte again and again; without its end.
  static func zeros(mebibytes: Int) -> [UInt8] {
    let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]
    // Flushed in full, so that it can be repeated.
    let block = deflate([UInt8](repeating: 0, count: 1 << 20), .raw, level: 9, flush: Z_FULL_FLUSH)
    var stream = header
    stream.reserveCapacity(header.count + mebibytes * block.count)
    for _ in 0..<mebibytes { stream += block }
    return stream
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
