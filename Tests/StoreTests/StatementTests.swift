import Foundation
import Postgres
import Testing
import TestSupport

@testable import Store

@Suite struct StatementTests {
  /// Preparing makes PostgreSQL check names, types and syntax; COPY cannot be prepared and is run by the ingest tests.
  @Test func everyStatementIsPreparedAgainstTheSchema() async throws {
    try await withDatabase { database in
      let connection = PostgresConnection(database.configuration, threadName: "test", logger: .silent)
      for statement in Statements.all where !statement.sql.contains("COPY") {
        let outcome = await connection.perform { session in try session.prepare(statement) }
        #expect(throws: Never.self, "\(statement.name)") { try outcome.result.get() }
      }
      await connection.close()
    }
  }

  @Test func everyFileIsAStatement() throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources/Store")
    let statements = try FileManager.default.contentsOfDirectory(atPath: sources.appendingPathComponent("Statements").path)
    let names = Statements.all.map(\.name) + Statements.fragments.keys
    #expect(statements.sorted() == names.map { $0 + ".sql" }.sorted())
    for statement in Statements.all {
      let path = sources.appendingPathComponent("Statements/\(statement.name).sql").path
      var text = try String(contentsOfFile: path, encoding: .utf8)
      for (name, fragment) in Statements.fragments { text = text.replacing("/*\(name)*/", with: fragment) }
      #expect(text == statement.sql)
    }
    let migrations = try FileManager.default.contentsOfDirectory(atPath: sources.appendingPathComponent("Migrations").path)
    #expect(migrations.count == Migrations.all.count)
    for migration in Migrations.all {
      let number = String(repeating: "0", count: 4 - "\(migration.version)".count) + "\(migration.version)"
      let path = sources.appendingPathComponent("Migrations/\(number)_\(migration.name).sql").path
      #expect(try Array(Data(contentsOf: URL(fileURLWithPath: path))) == migration.script)
    }
  }
}
