import Logging
import Store

/// Keeps the ring of API keys up to date and notes when keys were last used.
struct APIKeyWatch: Sendable {
  /// How often what has to be done is done, for keys and for certificates.
  struct Rhythm: Sendable {
    /// Between two looks at the clock: keys that have ended go.
    var sweep = Duration.seconds(1)
    /// Between two loads, should a notification have been missed.
    var reload = Duration.seconds(2)
    /// Between two notes of when keys were last used.
    var noteUse = Duration.seconds(15)
  }

  let keys: APIKeyRing
  let store: Store
  let feed: ChangeFeed
  let rhythm: Rhythm
  let logger: Logger

  /// Until the task is cancelled.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await followChanges() }
      group.addTask { await Self.every(rhythm.sweep) { keys.sweep() } }
      group.addTask { await Self.every(rhythm.reload) { await reload() } }
      group.addTask { await Self.every(rhythm.noteUse) { await noteUse() } }
    }
    // What was used last is not lost with the process.
    await noteUse()
  }

  private func followChanges() async {
    for await change in feed.changes() {
      switch change {
      case .apiKeys, .mayHaveMissed: await reload()
      case .flow, .workspace, .certificates: break
      }
    }
  }

  /// Acts again and again until the task is cancelled.
  static func every(_ pause: Duration, _ act: () async -> Void) async {
    while !Task.isCancelled {
      try? await Task.sleep(for: pause)
      if Task.isCancelled { return }
      await act()
    }
  }

  /// Keys stay as they are while the database is away: nothing can be revoked then either.
  private func reload() async {
    do { try await keys.reload() } catch {
      logger.debug("API keys could not be read", metadata: ["cause": "\(error)"])
    }
  }

  private func noteUse() async {
    let used = keys.takeUsed()
    guard !used.isEmpty else { return }
    do { try await store.noteAPIKeyUse(used) } catch { keys.putBack(used: used) }
  }
}
