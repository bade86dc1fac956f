import Identifiers
import Logging
import Postgres

/// One thread of the group commit with its connection.
struct IngestLane: ~Copyable {
  private let writer: IngestWriter
  private let index: Int
  private let configuration: PostgresConfiguration
  private var session: PostgresSession?
  private var batch: IngestBatch

  init(writer: IngestWriter, index: Int, _ configuration: PostgresConfiguration) {
    self.writer = writer
    self.index = index
    self.configuration = configuration
    batch = IngestBatch(partitionDays: writer.limits.partitionDays)
  }

  /// Writes batches until the writer ends.
  mutating func run() {
    // The first request is not to wait for the first connection.
    _ = try? connected()
    while let entries = writer.nextBatch(for: index) {
      writer.metrics.taken(entries, at: .now)
      write(entries)
    }
    session = nil
    writer.lane(index, isConnected: false)
    writer.laneEnded()
  }

  /// Tries a batch until it is recorded or nobody waits for it any more.
  private mutating func write(_ entries: [PendingEntry]) {
    var waiting = entries
    var failures = 0
    var mayBeRecorded = false
    while true {
      waiting.removeAll { $0.isCompleted }
      guard !waiting.isEmpty else { return }
      do throws(PostgresError) {
        let start = ContinuousClock.now
        let outcomes = try batch.record(waiting, on: connected(), mayBeRecorded: mayBeRecorded)
        finish(waiting, outcomes, since: start)
        if failures > 0 { writer.logger.info("requests are recorded again", metadata: ["attempts": "\(failures + 1)"]) }
        return
      } catch {
        failures += 1
        mayBeRecorded = mayBeRecorded || error.isInDoubt
        if error.isConnectionLost || error.kind == .notDurable { disconnect() }
        writer.metrics.failed(error)
        if failures == 1 { writer.logger.warning("requests cannot be recorded now", metadata: ["error": "\(error)"]) }
        guard error.isRetryable || error.isInDoubt || error.kind == .notDurable else { return fail(waiting, error) }
        guard writer.pause(for: configuration.backoff.pause(afterFailures: failures)) else { return }
      }
    }
  }

  private func finish(_ entries: [PendingEntry], _ outcomes: [IngestBatch.Outcome], since start: ContinuousClock.Instant) {
    var commit = IngestCommit(entries: 0, workspacesWithRuns: [])
    for (pending, outcome) in zip(entries, outcomes) {
      pending.complete(outcome)
      if case .failure(let failure) = outcome {
        writer.logger.error(
          "a request was refused by the database", metadata: ["request": "\(pending.entry.request.id)", "failure": "\(failure)"])
      }
      switch outcome {
      case .success(.recorded): commit.entries += 1
      case .success(.duplicate):
        commit.entries += 1
        continue
      case .success(.alreadyRecorded), .success(.recordedBefore), .failure: continue
      }
      if pending.entry.parts.contains(where: { $0.run != nil }) {
        commit.workspacesWithRuns.insert(pending.entry.request.workspace)
      }
    }
    let duration = ContinuousClock.now - start
    writer.metrics.committed(entries, in: duration)
    writer.committed(commit, of: entries.count, in: duration)
  }

  /// What concerns the whole batch and will not pass: a fault of this program or of the schema.
  private func fail(_ entries: [PendingEntry], _ error: PostgresError) {
    writer.logger.error("a batch was refused by the database", metadata: ["error": "\(error)"])
    for pending in entries { pending.complete(.failure(.refused(sqlState: error.sqlState))) }
  }

  private mutating func connected() throws(PostgresError) -> PostgresSession {
    if let session, session.isUsable { return session }
    disconnect()
    let session = try PostgresSession.connect(configuration)
    try session.planByKeys()
    self.session = session
    writer.lane(index, isConnected: true)
    return session
  }

  private mutating func disconnect() {
    session = nil
    writer.lane(index, isConnected: false)
  }
}
