import CPostgres

extension PostgresError {
  /// Reads an error result; `nil` when it does not come from the server but from libpq itself.
  init?(result: OpaquePointer) {
    let sqlState = Self.field(.sqlState, of: result)
    guard !sqlState.isEmpty else { return nil }
    self.init(
      .server, Self.message(of: result, sqlState: sqlState), sqlState: sqlState,
      severity: Self.field(.severity, of: result), constraint: Self.field(.constraint, of: result),
      table: Self.field(.table, of: result))
  }

  /// What libpq says of a connection: addresses and reasons; never a password nor a value.
  static func connectionMessage(_ connection: OpaquePointer) -> String {
    let text = PQerrorMessage(connection).map { String(cString: $0) } ?? ""
    let line = text.split(whereSeparator: \.isNewline).joined(separator: "; ")
    return line.isEmpty ? "the connection is closed" : line
  }

  /// The codes of error fields (postgres_ext.h, PG_DIAG_…). DETAIL, HINT and CONTEXT are left out on purpose: they show values.
  private enum Field: UInt8 {
    case severity = 0x56  // V
    case sqlState = 0x43  // C
    case message = 0x4d  // M
    case table = 0x74  // t
    case constraint = 0x6e  // n
  }

  private static func field(_ field: Field, of result: OpaquePointer) -> String {
    PQresultErrorField(result, CInt(field.rawValue)).map { String(cString: $0) } ?? ""
  }

  /// Class 22 (data exception) puts the offending value into its primary message.
  private static func message(of result: OpaquePointer, sqlState: String) -> String {
    sqlState.hasPrefix("22") ? "a value was refused by its type" : field(.message, of: result)
  }
}
