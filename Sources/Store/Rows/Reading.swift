import Identifiers
import Postgres

extension PostgresValue {
  /// An identifier as `uuid`.
  static func id(_ id: UniqueID) -> PostgresValue { .uuid(high: id.high, low: id.low) }

  /// Identifiers as `uuid[]`.
  static func ids(_ ids: [UniqueID]) -> PostgresValue { .uuids(ids.map { ($0.high, $0.low) }) }

  /// A value, or NULL for `nil`.
  static func optional<Value>(_ value: Value?, _ make: (Value) -> PostgresValue) -> PostgresValue {
    value.map(make) ?? .null
  }

  /// Text as PostgreSQL takes it: without NUL, which `text` cannot hold.
  static func lenientText(_ text: String) -> PostgresValue {
    .text(text.utf8.contains(0) ? String(decoding: text.utf8.filter { $0 != 0 }, as: UTF8.self) : text)
  }
}

extension PostgresRow {
  mutating func id() throws(PostgresError) -> UniqueID {
    let (high, low) = try uuid()
    return UniqueID(high: high, low: low)
  }

  mutating func optionalID() throws(PostgresError) -> UniqueID? {
    try optionalUUID().map { UniqueID(high: $0.high, low: $0.low) }
  }
}

extension UniqueID {
  /// The first identifier whose time is a number of milliseconds since 1970 UTC.
  static func first(atUnixMilliseconds milliseconds: Int64) -> UniqueID {
    UniqueID(high: UInt64(min(max(milliseconds, 0), (1 << 48) - 1)) << 16, low: 0)
  }

  static let least = UniqueID(high: 0, low: 0)
  static let greatest = UniqueID(high: .max, low: .max)

  /// Whole UTC days since 1970 of the identifier's time; decides its partition.
  var unixDay: Int32 { Int32(truncatingIfNeeded: unixMilliseconds / 86_400_000) }
}
