internal import CZlib

/// Makes gzip (RFC 1952).
package enum Gzip {
  /// One whole member with the bytes. Members one after the other are a gzip file too.
  package static func member(of bytes: [UInt8]) throws(InflationError) -> [UInt8] {
    var stream = z_stream()
    let code = deflateInit2_(
      &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    guard code == Z_OK, let length = UInt32(exactly: bytes.count) else { throw .outOfMemory }
    defer { deflateEnd(&stream) }
    var compressed = [UInt8](repeating: 0, count: Int(deflateBound(&stream, uLong(bytes.count))))
    let result = bytes.withUnsafeBufferPointer { input in
      compressed.withUnsafeMutableBufferPointer { output in
        // SAFETY: zlib reads the input and writes the output during this call only; `deflateBound` bytes always suffice.
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = length
        stream.next_out = output.baseAddress
        stream.avail_out = UInt32(clamping: output.count)
        return deflate(&stream, Z_FINISH)
      }
    }
    guard result == Z_STREAM_END else { throw .outOfMemory }
    compressed.removeLast(compressed.count - Int(stream.total_out))
    return compressed
  }
}
