/// How large a batch may be so that it is committed within `IngestLimits.batchTime`, and how long what waits will take.
///
/// Whoever comes waits for the batch under way and then for their own: where a row takes milliseconds, batches of hundreds make
/// everybody wait for seconds, beyond what an edge node waits for one attempt. Small batches cost a fast database throughput, so
/// the size follows what batches take. A value; the writer puts a lock around it.
struct BatchPace {
  private let limits: IngestLimits
  /// What a batch may have now.
  private(set) var entries: Int
  /// What one entry takes while more wait than a batch has; `nil`: all that waits fits into the next batch.
  private(set) var perEntry: Duration?

  /// However slow the database is, a batch may have so many: one slow commit says nothing of what many would take.
  static let fewest = 16

  init(_ limits: IngestLimits) {
    self.limits = limits
    entries = limits.batchEntries
  }

  /// A batch was committed.
  mutating func took(_ duration: Duration, for count: Int) {
    let wasFull = count >= entries
    if wasFull {
      let measured = duration / count
      perEntry = perEntry.map { ($0 + measured) / 2 } ?? measured
    } else {
      perEntry = nil
    }
    if duration > limits.batchTime {
      let fitting = Int(Double(count) * (limits.batchTime / duration))
      entries = min(entries, limits.batchEntries, max(Self.fewest, fitting))
    } else if wasFull, duration < limits.batchTime / 2 {
      entries = min(limits.batchEntries, entries * 2)
    }
  }

  /// Whether an entry that comes behind so many others can be committed in this time, as far as is known.
  func isInTime(_ time: Duration, behind waiting: Int) -> Bool {
    guard let perEntry else { return true }
    return perEntry * waiting / limits.lanes <= time
  }
}
