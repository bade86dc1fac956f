import CPostgres

/// The answer to one statement: rows of columns in binary format. Belongs to the thread of its session.
package final class PostgresResult {
  private let result: OpaquePointer

  /// Takes the result over.
  init(_ result: OpaquePointer) { self.result = result }

  deinit { PQclear(result) }

  /// How many rows there are.
  package var count: Int { Int(PQntuples(result)) }

  /// How many columns each row has.
  package var columnCount: Int { Int(PQnfields(result)) }

  /// How many rows an INSERT, UPDATE or DELETE touched; 0 for other statements.
  package var affectedCount: Int {
    guard let text = PQcmdTuples(result) else { return 0 }
    return Int(String(cString: text)) ?? 0
  }

  /// The columns of one row from the first on.
  package subscript(row: Int) -> PostgresRow { PostgresRow(self, row) }

  /// What `read` makes of each row.
  package func map<Value>(_ read: (inout PostgresRow) throws -> Value) rethrows -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(count)
    for index in 0..<count {
      var row = self[index]
      values.append(try read(&row))
    }
    return values
  }

  /// Reads each row.
  package func forEach(_ read: (inout PostgresRow) throws -> Void) rethrows {
    for index in 0..<count {
      var row = self[index]
      try read(&row)
    }
  }

  /// What `read` makes of the first row; `nil` when there is none.
  package func first<Value>(_ read: (inout PostgresRow) throws -> Value) rethrows -> Value? {
    guard count > 0 else { return nil }
    var row = self[0]
    return try read(&row)
  }

  /// The bytes of a field; `nil` for NULL.
  func field(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer? {
    let (row, column) = (CInt(row), CInt(column))
    guard PQgetisnull(result, row, column) == 0, let start = PQgetvalue(result, row, column) else { return nil }
    return UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, row, column)))
  }

  func type(_ column: Int) -> PostgresType { PostgresType(rawValue: PQftype(result, CInt(column))) }
}
