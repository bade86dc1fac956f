package import Postgres

/// What is kept how long.
package struct RetentionRules: Hashable, Sendable {
  /// Days that requests and runs are kept; `nil`: for ever.
  package var requestDays: Int?
  /// Days that bodies are kept; `nil`: as long as the requests.
  package var bodyDays: Int?
  /// Whether the bodies of closed days get search indexes.
  package var indexesBodies: Bool
  /// Days that get them in one clean-up at most.
  package var indexedDaysAtOnce: Int

  /// How often, every half second, it tries to lock the table of requests for the moment of an exchange; longer than a search.
  package var lockAttempts: Int

  package init(
    requestDays: Int? = nil, bodyDays: Int? = nil, indexesBodies: Bool = true, indexedDaysAtOnce: Int = 1, lockAttempts: Int = 20
  ) {
    self.requestDays = requestDays
    self.bodyDays = bodyDays
    self.indexesBodies = indexesBodies
    self.indexedDaysAtOnce = indexedDaysAtOnce
    self.lockAttempts = lockAttempts
  }
}

/// How the last clean-up by any process went.
package struct RetentionState: Hashable, Sendable {
  /// `nil`: there was none.
  package var lastRunAt: UnixTime?
  /// What it did, for people.
  package var result: String
  /// Why it failed; empty: it did not.
  package var error: String
  /// Start of the oldest UTC day that has requests; `nil`: there are none.
  package var oldestRequestDay: UnixTime?
}

/// What a clean-up did, by the names of partitions.
package struct CleanUp: Hashable, Sendable {
  package var dropped: [String] = []
  /// The bodies were taken from their requests.
  package var emptied: [String] = []
  /// The addresses got an index of their own.
  package var addresses: [String] = []
  /// The bodies got search indexes.
  package var indexed: [String] = []

  package var isEmpty: Bool { dropped.isEmpty && emptied.isEmpty && addresses.isEmpty && indexed.isEmpty }

  /// For people, such as "dropped requests_20261101, took the bodies from requests_20261116"; empty: nothing was done.
  package var summary: String {
    [
      ("dropped", dropped), ("took the bodies from", emptied), ("indexed the addresses of", addresses),
      ("indexed the bodies of", indexed),
    ].filter { !$0.1.isEmpty }.map { "\($0.0) \($0.1.joined(separator: ", "))" }.joined(separator: ", ")
  }
}
