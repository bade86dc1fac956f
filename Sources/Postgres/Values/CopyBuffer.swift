/// Rows in the format of `COPY … FROM STDIN (FORMAT binary)`, written straight into one growing buffer.
///
/// The buffer keeps its memory over `removeAll`. Source of the format:
/// https://www.postgresql.org/docs/15/sql-copy.html#id-1.9.3.55.9.4
package struct CopyBuffer: ~Copyable {
  private var memory: UnsafeMutableRawBufferPointer
  private var length: Int
  /// Rows begun since the last `removeAll`.
  package private(set) var rowCount = 0

  /// Makes a buffer without rows.
  ///
  /// - Parameter capacity: bytes of memory at first; at least those of the header.
  package init(capacity: Int = 64 << 10) {
    memory = .allocate(byteCount: max(capacity, 64), alignment: 16)
    length = 0
    writeHeader()
  }

  deinit { memory.deallocate() }

  /// Bytes of header and rows.
  package var byteCount: Int { length }

  /// Forgets the rows. Gives memory back if there is more of it than `retained` bytes.
  package mutating func removeAll(retaining retained: Int = 16 << 20) {
    if memory.count > retained {
      memory.deallocate()
      memory = .allocate(byteCount: 64 << 10, alignment: 16)
    }
    length = 0
    rowCount = 0
    writeHeader()
  }

  /// Begins a row of so many fields; exactly as many appends follow.
  package mutating func beginRow(fields: Int16) {
    rowCount += 1
    reserve(2)
    put(fields)
  }

  package mutating func appendNull() {
    reserve(4)
    put(Int32(-1))
  }
  package mutating func append(_ value: Int16) { appendInteger(value) }
  package mutating func append(_ value: Int32) { appendInteger(value) }
  package mutating func append(_ value: Int64) { appendInteger(value) }
  /// `timestamptz`.
  package mutating func append(_ time: UnixTime) { appendInteger(PostgresEpoch.fromUnix(time)) }

  /// `uuid`: the two halves in network order.
  package mutating func append(high: UInt64, low: UInt64) {
    reserve(20)
    put(Int32(16))
    put(high)
    put(low)
  }

  /// `bytea`, or `json` or `text` where the bytes are UTF-8.
  package mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append(raw: $0) }
  }

  /// `text`.
  package mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append(raw: UnsafeRawBufferPointer($0)) }
  }

  /// `inet` of 4 or 16 bytes in network order; NULL for any other count.
  package mutating func append(address: [UInt8]) {
    guard address.count == 4 || address.count == 16 else { return appendNull() }
    reserve(24)
    put(Int32(PostgresInet.headerLength + address.count))
    put(PostgresInet.header(count: address.count, prefixLength: address.count * 8))
    for byte in address { put(byte) }
  }

  /// Works at the header, the rows and the trailer.
  borrowing func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // The trailer, a field count of -1, goes into the spare bytes behind the rows; the next row overwrites it.
    memory.storeBytes(of: -1, toByteOffset: length, as: Int16.self)
    return try body(UnsafeRawBufferPointer(rebasing: memory[..<(length + Self.trailerLength)]))
  }

  private static let trailerLength = 2

  private mutating func append(raw bytes: UnsafeRawBufferPointer) {
    reserve(4 + bytes.count)
    put(Int32(truncatingIfNeeded: bytes.count))
    if let start = bytes.baseAddress {
      (memory.baseAddress! + length).copyMemory(from: start, byteCount: bytes.count)
      length += bytes.count
    }
  }

  private mutating func appendInteger(_ value: some FixedWidthInteger) {
    reserve(4 + MemoryLayout.size(ofValue: value))
    put(Int32(MemoryLayout.size(ofValue: value)))
    put(value)
  }

  private mutating func writeHeader() {
    for byte in "PGCOPY\n".utf8 { put(byte) }
    for byte: UInt8 in [0xff, 0x0d, 0x0a, 0x00] { put(byte) }
    put(Int32(0))
    put(Int32(0))
  }

  /// The caller has reserved the space.
  private mutating func put<Value: FixedWidthInteger>(_ value: Value) {
    // SAFETY: `length` plus the value's size is within `memory`, because the caller reserved it.
    (memory.baseAddress! + length).storeBytes(of: value.bigEndian, as: Value.self)
    length += MemoryLayout<Value>.size
  }

  private mutating func reserve(_ count: Int) {
    let needed = length + count + Self.trailerLength
    guard needed > memory.count else { return }
    let grown = UnsafeMutableRawBufferPointer.allocate(byteCount: max(memory.count * 2, needed), alignment: 16)
    grown.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<length]))
    memory.deallocate()
    memory = grown
  }
}
