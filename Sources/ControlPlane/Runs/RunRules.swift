package import Store

/// How often and when a run is tried again.
package struct RunRules: Sendable, Equatable {
  /// Attempts before a run is dead; at least 1.
  package var maximumAttempts: Int
  package var backoff: RunBackoff

  package init(maximumAttempts: Int = 8, backoff: RunBackoff = RunBackoff()) {
    self.maximumAttempts = maximumAttempts
    self.backoff = backoff
  }
}
