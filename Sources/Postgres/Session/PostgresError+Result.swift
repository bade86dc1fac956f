import CPostgres

extension PostgresError {
  /// Reads an error result; `nil` when it does not come from the server but from libpq itself.
  init?(result: OpaquePointer) {
    self.init { code in PQresultErrorField(result, CInt(code)).map { String(cString: $0) } ?? "" }
    guard !sqlState.isEmpty else { return nil }
  }

  /// Takes from an error's fields what may be shown. The argument gives a field by its code; empty: there is none.
  init(_ text: (UInt8) -> String) {
    func field(_ field: Field) -> String { text(field.rawValue) }
    let sqlState = field(.sqlState)
    // Class 22 (data exception) puts the offending value into its primary message.
    let message = sqlState.hasPrefix("22") ? "a value was refused by its type" : field(.message)
    self.init(
      .server, message, sqlState: sqlState, severity: field(.severity), constraint: field(.constraint), table: field(.table))
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
}
