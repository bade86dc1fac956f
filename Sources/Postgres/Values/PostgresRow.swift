/// Reads the columns of one row from left to right. Each read checks the column's type.
package struct PostgresRow {
  private let result: PostgresResult
  private let row: Int
  private var column = 0

  init(_ result: PostgresResult, _ row: Int) {
    self.result = result
    self.row = row
  }

  /// `bool`.
  package mutating func bool() throws(PostgresError) -> Bool { try integer(UInt8.self, .bool) != 0 }
  /// `int2`.
  package mutating func int16() throws(PostgresError) -> Int16 { try integer(Int16.self, .int2) }
  /// `int4`.
  package mutating func int32() throws(PostgresError) -> Int32 { try integer(Int32.self, .int4) }
  /// `int8`.
  package mutating func int64() throws(PostgresError) -> Int64 { try integer(Int64.self, .int8) }
  /// `int4` or NULL.
  package mutating func optionalInt32() throws(PostgresError) -> Int32? {
    try isNull() ? nil : integer(Int32.self, .int4)
  }
  /// `int8` or NULL.
  package mutating func optionalInt64() throws(PostgresError) -> Int64? {
    try isNull() ? nil : integer(Int64.self, .int8)
  }
  /// `timestamptz`.
  package mutating func time() throws(PostgresError) -> UnixTime { PostgresEpoch.toUnix(try integer(Int64.self, .timestamptz)) }
  /// `timestamptz` or NULL.
  package mutating func optionalTime() throws(PostgresError) -> UnixTime? { try isNull() ? nil : time() }

  /// `uuid`: the two halves in network order.
  package mutating func uuid() throws(PostgresError) -> (high: UInt64, low: UInt64) {
    let bytes = try field(.uuid, length: 16)
    return (bytes.bigEndianInteger(at: 0), bytes.bigEndianInteger(at: 8))
  }
  /// `uuid` or NULL.
  package mutating func optionalUUID() throws(PostgresError) -> (high: UInt64, low: UInt64)? { try isNull() ? nil : uuid() }

  /// `text` or `varchar`.
  package mutating func text() throws(PostgresError) -> String {
    // The connection's encoding is UTF-8, so the server has checked it.
    String(decoding: try field(.text, .varchar), as: UTF8.self)
  }
  /// `text`, `varchar` or NULL.
  package mutating func optionalText() throws(PostgresError) -> String? { try isNull() ? nil : text() }
  /// `bytea`.
  package mutating func bytes() throws(PostgresError) -> [UInt8] { Array(try field(.bytea)) }
  /// `bytea` or NULL.
  package mutating func optionalBytes() throws(PostgresError) -> [UInt8]? { try isNull() ? nil : bytes() }
  /// `json`, UTF-8.
  package mutating func json() throws(PostgresError) -> [UInt8] { Array(try field(.json)) }

  /// `inet`: 4 or 16 bytes in network order; empty for NULL.
  package mutating func address() throws(PostgresError) -> [UInt8] {
    guard try !isNull() else { return [] }
    let bytes = try field(.inet)
    guard bytes.count == PostgresInet.headerLength + 4 || bytes.count == PostgresInet.headerLength + 16 else {
      throw misuse("an inet of \(bytes.count) bytes")
    }
    return Array(bytes.dropFirst(PostgresInet.headerLength))
  }

  /// Whether the next column is NULL; if so, it is passed over.
  private mutating func isNull() throws(PostgresError) -> Bool {
    guard column < result.columnCount else { throw misuse("no such column") }
    guard result.field(row, column) == nil else { return false }
    column += 1
    return true
  }

  private mutating func integer<Value: FixedWidthInteger>(
    _: Value.Type, _ type: PostgresType
  ) throws(PostgresError) -> Value {
    try field(type, length: MemoryLayout<Value>.size).bigEndianInteger(at: 0)
  }

  /// The bytes of the next column. Valid while the result lives.
  private mutating func field(_ types: PostgresType..., length: Int? = nil) throws(PostgresError) -> UnsafeRawBufferPointer {
    guard column < result.columnCount else { throw misuse("no such column") }
    guard types.contains(result.type(column)) else { throw misuse("its type is \(result.type(column).rawValue)") }
    guard let bytes = result.field(row, column) else { throw misuse("it is NULL") }
    guard length == nil || bytes.count == length else { throw misuse("it has \(bytes.count) bytes") }
    column += 1
    return bytes
  }

  private func misuse(_ what: String) -> PostgresError { PostgresError(.misuse, "column \(column + 1) of the result: \(what)") }
}

extension UnsafeRawBufferPointer {
  /// Reads an integer in network order; the caller has checked the length.
  func bigEndianInteger<Value: FixedWidthInteger>(at offset: Int) -> Value {
    Value(bigEndian: loadUnaligned(fromByteOffset: offset, as: Value.self))
  }
}
