import CHeadgateProto

/// What unpacking a message may cost.
package enum UnpackLimit {
  /// Bytes of memory for each byte of input. A message of many small sub-messages takes about ten.
  package static let arenaBytesPerInputByte = 16
  /// Bytes of memory that every message may take besides.
  package static let arenaBaseBytes = 65_536
}

/// Unpacks by protobuf-c into an arena and copies the result out of it.
@inline(__always)
func unpack<Message, Unpacked>(
  _ bytes: UnsafeRawBufferPointer, _ name: StaticString,
  _ function: (UnsafeMutablePointer<ProtobufCAllocator>?, Int, UnsafePointer<UInt8>?) -> UnsafeMutablePointer<Unpacked>?,
  _ copy: (UnsafePointer<Unpacked>) throws(ProtoDecodingError) -> Message
) throws(ProtoDecodingError) -> Message {
  let (scaled, overflow) = bytes.count.multipliedReportingOverflow(by: UnpackLimit.arenaBytesPerInputByte)
  guard !overflow, let arena = headgate_arena_begin(scaled &+ UnpackLimit.arenaBaseBytes) else {
    throw .tooLarge(message: "\(name)")
  }
  defer { headgate_arena_end(arena) }
  // SAFETY: protobuf-c reads `bytes.count` bytes; what it returns lives in the arena until the end of this function, and
  // `copy` keeps no pointer into it.
  guard let unpacked = function(arena, bytes.count, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)) else {
    throw headgate_arena_is_exhausted(arena) ? .tooLarge(message: "\(name)") : .malformed(message: "\(name)")
  }
  return try copy(unpacked)
}

@inline(__always)
func copyBytes(_ data: ProtobufCBinaryData) -> [UInt8] {
  // SAFETY: protobuf-c sets `data` to at least `len` bytes.
  [UInt8](UnsafeBufferPointer(start: data.data, count: data.data == nil ? 0 : data.len))
}

@inline(__always)
func copyText(_ data: ProtobufCBinaryData, _ field: StaticString) throws(ProtoDecodingError) -> String {
  guard let start = data.data, data.len > 0 else { return "" }
  // SAFETY: as above.
  guard let text = String(validating: UnsafeBufferPointer(start: start, count: data.len), as: UTF8.self) else {
    throw .notUTF8(field: "\(field)")
  }
  return text
}

/// Copies the elements of a repeated field.
@inline(__always)
func copyEach<Unpacked, Element>(
  _ start: UnsafeMutablePointer<Unpacked>?, _ count: Int, _ copy: (Unpacked) throws(ProtoDecodingError) -> Element
) throws(ProtoDecodingError) -> [Element] {
  guard count > 0, let start else { return [] }
  var elements: [Element] = []
  elements.reserveCapacity(count)
  // SAFETY: protobuf-c sets a repeated field to `count` elements.
  for index in 0..<count { elements.append(try copy(start[index])) }
  return elements
}

/// Copies the elements of a repeated message field.
@inline(__always)
func copyEach<Unpacked, Element>(
  _ start: UnsafeMutablePointer<UnsafeMutablePointer<Unpacked>?>?, _ count: Int,
  _ copy: (UnsafePointer<Unpacked>) throws(ProtoDecodingError) -> Element
) throws(ProtoDecodingError) -> [Element] {
  guard count > 0, let start else { return [] }
  var elements: [Element] = []
  elements.reserveCapacity(count)
  for index in 0..<count {
    // SAFETY: as above.
    if let unpacked = start[index] { elements.append(try copy(unpacked)) }
  }
  return elements
}

/// Copies a message field, if it was there.
@inline(__always)
func copyMessage<Unpacked, Message>(
  _ unpacked: UnsafeMutablePointer<Unpacked>?, _ copy: (UnsafePointer<Unpacked>) throws(ProtoDecodingError) -> Message
) throws(ProtoDecodingError) -> Message? {
  guard let unpacked else { return nil }
  return try copy(unpacked)
}
