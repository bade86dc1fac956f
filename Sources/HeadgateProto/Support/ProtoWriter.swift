/// Writes the fields of a message into memory that its `encodedLength` has shown to be enough.
///
/// Only generated code and the envelopes of this target use it. A tag is (field number << 3 | wire type), see
/// https://protobuf.dev/programming-guides/encoding/.
package struct ProtoWriter: ~Copyable {
  private var next: UnsafeMutableRawPointer

  /// Starts at the beginning of the memory, which must hold everything that will be written.
  @inline(__always)
  init(at start: UnsafeMutableRawPointer) { next = start }

  /// Bytes written since `start`.
  @inline(__always)
  func written(since start: UnsafeMutableRawPointer) -> Int { next - start }

  /// A base-128 varint.
  @inline(__always)
  mutating func varint(_ value: UInt64) {
    var rest = value
    // SAFETY: the memory holds the whole message, see the type's comment; so everywhere below.
    while rest >= 0x80 {
      next.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
      next += 1
      rest >>= 7
    }
    next.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
    next += 1
  }

  @inline(__always)
  mutating func varint(_ value: UInt64, tag: UInt64) {
    varint(tag)
    varint(value)
  }

  @inline(__always)
  mutating func bytes(_ value: [UInt8], tag: UInt64) {
    varint(tag)
    varint(UInt64(value.count))
    value.withUnsafeBytes { copy($0) }
  }

  @inline(__always)
  mutating func text(_ value: String, tag: UInt64) {
    varint(tag)
    var value = value
    value.withUTF8 {
      varint(UInt64($0.count))
      copy(UnsafeRawBufferPointer($0))
    }
  }

  @inline(__always)
  mutating func message(_ value: some ProtoMessage, tag: UInt64) {
    varint(tag)
    varint(UInt64(value.encodedLength))
    value.write(to: &self)
  }

  @inline(__always)
  mutating func copy(_ source: UnsafeRawBufferPointer) {
    guard let start = source.baseAddress else { return }
    next.copyMemory(from: start, byteCount: source.count)
    next += source.count
  }
}

/// Bytes that a varint of this value takes, 1 to 10.
@inline(__always)
func varintLength(_ value: UInt64) -> Int {
  // Nine 64ths for each significant bit round up to one byte for every seven of them.
  let significantBits = 64 - (value | 1).leadingZeroBitCount
  return (significantBits &* 9 &+ 64) >> 6
}

/// Bytes that a length and that many bytes take.
@inline(__always)
func delimitedLength(_ count: Int) -> Int { varintLength(UInt64(count)) + count }
