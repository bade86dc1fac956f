/// Reads fields off the wire (https://protobuf.dev/programming-guides/encoding/), for the envelopes on the hot path.
///
/// Every read is checked against the end; whatever the bytes are, the result is a value or `malformed`.
struct WireReader {
  private let bytes: UnsafeRawBufferPointer
  private let message: StaticString
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer, message: StaticString) {
    self.bytes = bytes
    self.message = message
  }

  private var malformed: ProtoDecodingError { .malformed(message: "\(message)") }

  /// The next field's tag (number << 3 | wire type), or `nil` at the end.
  mutating func tag() throws(ProtoDecodingError) -> UInt64? {
    guard position < bytes.count else { return nil }
    let tag = try varint(maximumBytes: 5)
    guard tag >> 3 > 0, tag <= UInt64(UInt32.max) else { throw malformed }
    return tag
  }

  /// A varint. Bits beyond the 64th are dropped, as protobuf-c does, which also bounds tags and lengths to five bytes.
  mutating func varint(maximumBytes: Int = 10) throws(ProtoDecodingError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    for _ in 0..<maximumBytes {
      guard position < bytes.count else { throw malformed }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw malformed
  }

  /// Where the content of a length-delimited field is; the reader stands behind it afterwards.
  mutating func delimited() throws(ProtoDecodingError) -> Range<Int> {
    let length = try varint(maximumBytes: 5)
    guard length <= UInt64(bytes.count - position) else { throw malformed }
    let start = position
    position += Int(length)
    return start..<position
  }

  /// A length-delimited field as text.
  mutating func text(_ field: StaticString) throws(ProtoDecodingError) -> String {
    let range = try delimited()
    guard let text = String(validating: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self) else {
      throw .notUTF8(field: "\(field)")
    }
    return text
  }

  /// Skips a field that is not known. One of the known numbers is here only with a wrong wire type, which is malformed.
  mutating func skip(_ tag: UInt64, known: ClosedRange<UInt64>) throws(ProtoDecodingError) {
    guard !known.contains(tag >> 3) else { throw malformed }
    switch tag & 7 {
    case 0: _ = try varint()
    case 1: try skip(count: 8)
    case 2: _ = try delimited()
    case 5: try skip(count: 4)
    default: throw malformed
    }
  }

  private mutating func skip(count: Int) throws(ProtoDecodingError) {
    guard count <= bytes.count - position else { throw malformed }
    position += count
  }
}
