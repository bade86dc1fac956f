import Synchronization

/// Whether this process can serve, and if not, why.
///
/// It is ready when nothing stands in the way; each part that can stand in the way says so under a name of its own.
package final class Readiness: Sendable {
  /// What can stand in the way, in the order in which it is named to people.
  package enum Obstacle: Int, CaseIterable, Sendable {
    /// The database may lose what it has committed.
    case unsafeDurability
    /// The database's tables are not those of this program (yet).
    case schemaNotCurrent
    /// Secrets cannot be opened.
    case masterKeyMissing
    /// No trigger is known yet.
    case configurationNotLoaded
    /// The process ends.
    case draining
  }

  private let obstacles: Mutex<[Obstacle: String]>
  /// Whether the database can be used by all who need it.
  package let databaseIsConnected: @Sendable () -> Bool

  /// Starts with the obstacles that every process has until it has looked at its database.
  ///
  /// - Parameter databaseIsConnected: asked each time; must not block.
  package init(databaseIsConnected: @escaping @Sendable () -> Bool) {
    self.databaseIsConnected = databaseIsConnected
    obstacles = Mutex([
      .schemaNotCurrent: "the database's schema has not been checked yet",
      .configurationNotLoaded: "the configuration is not loaded yet",
    ])
  }

  /// Notes an obstacle; `because` is for people and never holds a secret.
  package func set(_ obstacle: Obstacle, because: String) { obstacles.withLock { $0[obstacle] = because } }

  package func clear(_ obstacle: Obstacle) { obstacles.withLock { $0[obstacle] = nil } }

  /// `nil`: ready. Else the first obstacle's reason.
  package var notReadyBecause: String? {
    if let reason = obstacles.withLock({ obstacles in Obstacle.allCases.compactMap { obstacles[$0] }.first }) {
      return databaseIsConnected() ? reason : "the database is not available; \(reason)"
    }
    return databaseIsConnected() ? nil : "the database is not available"
  }

  /// `nil`: the database may be used, whether or not it answers. Else why it must not be.
  package var closedBecause: String? {
    obstacles.withLock { obstacles in
      obstacles[.unsafeDurability] ?? obstacles[.schemaNotCurrent] ?? obstacles[.masterKeyMissing]
    }
  }
}
