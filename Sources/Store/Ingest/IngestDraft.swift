import Identifiers
import Rules

/// An entry with what its transaction has found of its parts so far.
struct IngestDraft {
  private let pending: PendingEntry
  /// One for each part; empty while nothing was found.
  private(set) var results: [IngestPartResult] = []

  init(_ pending: PendingEntry) { self.pending = pending }

  var entry: IngestEntry { pending.entry }

  /// What was found of a part.
  subscript(part: Int) -> IngestPartResult {
    get { results.isEmpty ? IngestPartResult() : results[part] }
    set {
      if results.isEmpty { results = Array(repeating: IngestPartResult(), count: entry.parts.count) }
      results[part] = newValue
    }
  }

  /// The first request of the first part, when every part is a duplicate.
  var duplicateOf: UniqueID? {
    guard let first = results.first?.duplicateOf, results.allSatisfy({ $0.duplicateOf != nil }) else { return nil }
    return first
  }

  var result: IngestResult { duplicateOf.map { .duplicate(of: $0) } ?? .recorded }

  /// The row to be recorded.
  var request: RequestRow {
    if results.isEmpty, entry.settle == nil { return entry.request }
    var row = entry.request
    if row.deliveryID == nil { row.deliveryID = entry.parts.lazy.compactMap { $0.claim?.deliveryID }.first }
    if let first = duplicateOf { (row.outcome, row.duplicateOf) = (RequestRow.duplicateOutcome, first) }
    if row.customer == nil { row.customer = results.lazy.compactMap { $0.binding?.customer }.first }
    if row.chat == nil { row.chat = results.lazy.compactMap { $0.binding?.chat }.first }
    return entry.settle?(row, results) ?? row
  }

  /// Calls with each run to be recorded.
  func forEachRun<Failure: Error>(_ body: (NewRun) throws(Failure) -> Void) throws(Failure) {
    for index in entry.parts.indices {
      guard var run = entry.parts[index].run, self[index].duplicateOf == nil else { continue }
      if let outcome = self[index].binding {
        run.customer = outcome.customer ?? run.customer
        run.chat = outcome.chat ?? run.chat
      }
      try body(run)
    }
  }
}
