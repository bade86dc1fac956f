/// The value of a statement's parameter, sent in PostgreSQL's binary format.
package enum PostgresValue: Sendable {
  case null
  case bool(Bool)
  case int16(Int16)
  case int32(Int32)
  case int64(Int64)
  /// `text`. Must not contain NUL, which PostgreSQL refuses.
  case text(String)
  /// `bytea`.
  case bytes([UInt8])
  /// `json`, UTF-8.
  case json([UInt8])
  /// `uuid`: the two halves in network order.
  case uuid(high: UInt64, low: UInt64)
  /// `timestamptz`.
  case time(UnixTime)
  /// `inet`: 4 or 16 bytes in network order and the prefix length (32 or 128 for an address).
  case inet([UInt8], prefixLength: Int)
  /// `int2[]`.
  case int16s([Int16])
  /// `int4[]`.
  case int32s([Int32])
  /// `int8[]`.
  case int64s([Int64])
  /// `text[]`.
  case texts([String])
  /// `bytea[]`.
  case byteStrings([[UInt8]])
  /// `uuid[]`.
  case uuids([(high: UInt64, low: UInt64)])

  /// The type that the server is told; 0: it infers one.
  var type: PostgresType {
    switch self {
    case .null: .unspecified
    case .bool: .bool
    case .int16: .int2
    case .int32: .int4
    case .int64: .int8
    case .text: .text
    case .bytes: .bytea
    case .json: .json
    case .uuid: .uuid
    case .time: .timestamptz
    case .inet: .inet
    case .int16s: .int2Array
    case .int32s: .int4Array
    case .int64s: .int8Array
    case .texts: .textArray
    case .byteStrings: .byteaArray
    case .uuids: .uuidArray
    }
  }

  /// Appends the value in binary format; nothing for `.null`.
  func encode(into bytes: inout [UInt8]) {
    switch self {
    case .null: break
    case .bool(let value): bytes.append(value ? 1 : 0)
    case .int16(let value): bytes.appendInteger(value)
    case .int32(let value): bytes.appendInteger(value)
    case .int64(let value): bytes.appendInteger(value)
    case .text(let value): bytes.append(contentsOf: value.utf8)
    case .bytes(let value), .json(let value): bytes.append(contentsOf: value)
    case .uuid(let high, let low):
      bytes.appendInteger(high)
      bytes.appendInteger(low)
    case .time(let time): bytes.appendInteger(PostgresEpoch.fromUnix(time))
    case .inet(let address, let prefixLength):
      withUnsafeBytes(of: PostgresInet.header(count: address.count, prefixLength: prefixLength).bigEndian) {
        bytes.append(contentsOf: $0)
      }
      bytes.append(contentsOf: address)
    case .int16s(let values): bytes.appendArray(of: .int2, values) { $0.appendInteger($1) }
    case .int32s(let values): bytes.appendArray(of: .int4, values) { $0.appendInteger($1) }
    case .int64s(let values): bytes.appendArray(of: .int8, values) { $0.appendInteger($1) }
    case .texts(let values): bytes.appendArray(of: .text, values) { $0.append(contentsOf: $1.utf8) }
    case .byteStrings(let values): bytes.appendArray(of: .bytea, values) { $0.append(contentsOf: $1) }
    case .uuids(let values):
      bytes.appendArray(of: .uuid, values) {
        $0.appendInteger($1.high)
        $0.appendInteger($1.low)
      }
    }
  }
}

extension [UInt8] {
  /// Appends an integer in network order.
  mutating func appendInteger(_ value: some FixedWidthInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { self.append(contentsOf: $0) }
  }

  /// Appends a one-dimensional array without nulls (`array_send` in PostgreSQL's arrayfuncs.c).
  mutating func appendArray<Item>(of type: PostgresType, _ elements: [Item], _ encode: (inout [UInt8], Item) -> Void) {
    appendInteger(Int32(elements.isEmpty ? 0 : 1))
    appendInteger(Int32(0))
    appendInteger(type.rawValue)
    guard !elements.isEmpty else { return }
    appendInteger(Int32(elements.count))
    appendInteger(Int32(1))
    for element in elements {
      let start = count
      appendInteger(Int32(0))
      encode(&self, element)
      let length = Int32(count - start - 4).bigEndian
      Swift.withUnsafeBytes(of: length) { bytes in
        for (offset, byte) in bytes.enumerated() { self[start + offset] = byte }
      }
    }
  }
}
