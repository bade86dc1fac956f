import Postgres

/// One numbered change of the schema; never altered once it has been applied anywhere.
struct Migration: Hashable, Sendable {
  var version: Int
  var name: String
  var script: [UInt8]
  /// The oldest program that works with a database that has this migration, by the number of that program's last one: such
  /// a program may keep running, and be started, while newer ones take over. `nil`: only programs that know the migration.
  ///
  /// A migration that adds tables, indexes, or columns with defaults that the program before never reads as something else
  /// is compatible; one that renames, drops, or gives rows another meaning is not.
  var compatibleFrom: Int?
}

/// Brings a database to the schema of this program.
enum Migrations {
  /// Those of this program, in order. The texts are the files in `Migrations/`, embedded at build time.
  static let all: [Migration] = [
    Migration(version: 1, name: "initial", script: PackageResources._001_initial_sql),
    Migration(version: 2, name: "trigger", script: PackageResources._002_trigger_sql),
    Migration(version: 3, name: "listen", script: PackageResources._003_listen_sql),
    Migration(version: 4, name: "logs", script: PackageResources._004_logs_sql),
    Migration(version: 5, name: "access", script: PackageResources._005_access_sql),
    // The program before finds the same without the indexes, only slower.
    Migration(version: 6, name: "terms", script: PackageResources._006_terms_sql, compatibleFrom: 5),
    // A control plane of the version before cannot open what this one seals with requests; all else is added only.
    Migration(version: 7, name: "certificates", script: PackageResources._007_certificates_sql, compatibleFrom: 5),
  ]

  /// A migration as the database remembers it.
  struct Applied: Hashable, Sendable {
    var version: Int
    /// SHA-256 of its text.
    var checksum: [UInt8]
    /// As `Migration.compatibleFrom`.
    var compatibleFrom: Int?
  }

  /// Applies what is missing, in one transaction under a lock. Returns the versions applied.
  static func apply(_ migrations: [Migration], to session: PostgresSession) throws -> [Int] {
    // A role that may not change the schema gets by where nothing is missing.
    if try compare(migrations, session) == migrations.count { return [] }
    return try session.transaction {
      try session.query(Statements.lockMigrations)
      try session.query(Statements.createSchemaMigrations)
      try session.query(Statements.extendSchemaMigrations)
      let known = try compare(migrations, session)
      let missing = migrations.dropFirst(known)
      for migration in missing {
        try session.run(script: String(decoding: migration.script, as: UTF8.self))
        try session.query(
          Statements.recordMigration,
          [
            .int32(Int32(clamping: migration.version)), .text(migration.name), .bytes(migration.script),
            .optional(migration.compatibleFrom) { .int32(Int32(clamping: $0)) },
          ])
      }
      return missing.map(\.version)
    }
  }

  /// Throws unless the database has these migrations, and beyond them only such as are compatible with this program.
  static func check(_ migrations: [Migration], _ session: PostgresSession) throws {
    let known = try compare(migrations, session)
    if known < migrations.count {
      throw StoreError.schemaMismatch(
        found: known == 0 ? 0 : migrations[known - 1].version, needed: migrations.last?.version ?? 0)
    }
  }

  /// What the database has, in order; empty also when it has no table for it.
  static func applied(_ session: PostgresSession) throws -> [Applied] {
    guard try session.query(Statements.hasMigrations).first({ try $0.bool() }) == true else { return [] }
    return try session.query(Statements.listMigrations).map { row in
      Applied(
        version: Int(try row.int32()), checksum: try row.bytes(), compatibleFrom: try row.optionalInt32().map { Int($0) })
    }
  }

  /// How many of the migrations the database has; it must have them unaltered, and no others but newer, compatible ones.
  private static func compare(_ migrations: [Migration], _ session: PostgresSession) throws -> Int {
    let applied = try applied(session)
    let needed = migrations.last?.version ?? 0
    for (index, known) in applied.enumerated() {
      if index >= migrations.count, known.version > needed, let oldest = known.compatibleFrom, oldest <= needed { continue }
      guard index < migrations.count, migrations[index].version == known.version else {
        throw StoreError.schemaMismatch(found: known.version, needed: needed)
      }
      let checksum = try session.query(Statements.checksum, [.bytes(migrations[index].script)]).first { try $0.bytes() }
      guard checksum == known.checksum else { throw StoreError.migrationChanged(version: known.version) }
    }
    return min(applied.count, migrations.count)
  }
}
