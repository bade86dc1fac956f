/// Object identifiers of PostgreSQL's built-in types (pg_type.dat; they never change).
struct PostgresType: RawRepresentable, Hashable, Sendable {
  let rawValue: UInt32

  static let unspecified = PostgresType(rawValue: 0)
  static let bool = PostgresType(rawValue: 16)
  static let bytea = PostgresType(rawValue: 17)
  static let int8 = PostgresType(rawValue: 20)
  static let int2 = PostgresType(rawValue: 21)
  static let int4 = PostgresType(rawValue: 23)
  static let text = PostgresType(rawValue: 25)
  static let json = PostgresType(rawValue: 114)
  static let inet = PostgresType(rawValue: 869)
  static let byteaArray = PostgresType(rawValue: 1001)
  static let int2Array = PostgresType(rawValue: 1005)
  static let int4Array = PostgresType(rawValue: 1007)
  static let textArray = PostgresType(rawValue: 1009)
  static let int8Array = PostgresType(rawValue: 1016)
  static let varchar = PostgresType(rawValue: 1043)
  static let timestamptz = PostgresType(rawValue: 1184)
  static let uuid = PostgresType(rawValue: 2950)
  static let uuidArray = PostgresType(rawValue: 2951)
  static let jsonb = PostgresType(rawValue: 3802)
}

/// `timestamptz` in binary: microseconds since 2000-01-01 00:00 UTC (timestamp.h).
enum PostgresEpoch {
  /// 1970-01-01 to 2000-01-01 in microseconds.
  static let offset: Int64 = 946_684_800_000_000

  static func fromUnix(_ time: UnixTime) -> Int64 {
    let (value, overflow) = time.microseconds.subtractingReportingOverflow(offset)
    return overflow ? .min + 1 : value
  }

  /// "infinity" and what exceeds 64 bits become the greatest time.
  static func toUnix(_ value: Int64) -> UnixTime {
    let (microseconds, overflow) = value.addingReportingOverflow(offset)
    return UnixTime(microseconds: overflow ? .max : microseconds)
  }
}

/// `inet` in binary: family, prefix length, is-cidr, address length, address (network.c).
enum PostgresInet {
  /// PGSQL_AF_INET and PGSQL_AF_INET6.
  private static let familyOfIPv4: UInt8 = 2
  private static let familyOfIPv6: UInt8 = 3

  static let headerLength = 4

  /// Family, prefix length, whether it is a cidr, and length of the address, as one big-endian number.
  static func header(count: Int, prefixLength: Int) -> UInt32 {
    let family = UInt32(count == 4 ? familyOfIPv4 : familyOfIPv6)
    return family << 24 | UInt32(UInt8(clamping: prefixLength)) << 16 | UInt32(UInt8(clamping: count))
  }
}
