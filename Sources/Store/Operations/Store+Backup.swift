package import Postgres

/// What a database holds, for the check of a backup.
package struct DatabaseContents: Hashable, Sendable {
  package var workspaces: Int64
  package var flows: Int64
  package var triggers: Int64
  package var requests: Int64
  package var runs: Int64
  /// `nil`: there is none.
  package var newestRequest: UnixTime?
  /// Oldest first.
  package var partitions: [DayPartition]
}

/// The partitions of a day.
package struct DayPartition: Hashable, Sendable {
  /// "20261123".
  package var day: String
  package var hasRequests: Bool
  package var hasRuns: Bool
}

extension Store {
  /// Counts everything; reads whole tables.
  package func contents() async throws(StoreError) -> DatabaseContents {
    try await read { session in
      let partitions = try session.query(Statements.backupPartitions).map { row in
        DayPartition(day: try row.text(), hasRequests: try row.bool(), hasRuns: try row.bool())
      }
      let newest = try session.query(Statements.backupNewestRequest).first { try $0.optionalTime() } ?? nil
      return try session.query(Statements.backupCounts).first { row in
        DatabaseContents(
          workspaces: try row.int64(), flows: try row.int64(), triggers: try row.int64(), requests: try row.int64(),
          runs: try row.int64(), newestRequest: newest, partitions: partitions)
      } ?? DatabaseContents(workspaces: 0, flows: 0, triggers: 0, requests: 0, runs: 0, partitions: partitions)
    }
  }
}
