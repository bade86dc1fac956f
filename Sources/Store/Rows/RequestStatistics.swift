package import Postgres

/// What a bucket of time saw.
package struct RequestStatistics: Hashable, Sendable {
  /// How often an outcome and cause occurred.
  package struct Share: Hashable, Sendable {
    package var outcome: Int16
    package var cause: Int16
    package var count: Int64
  }

  package var start: UnixTime
  /// By outcome and cause.
  package var shares: [Share] = []
  package var bodyBytes: Int64 = 0
  /// From the edge node's receipt to the record's place in a batch, within 3 %; zero: there was no request.
  package var processingMedian: Duration = .zero
  package var processing99: Duration = .zero
  /// From a run's record to its first lease; zero: none was leased.
  package var leaseMedian: Duration = .zero
  package var lease99: Duration = .zero
}
