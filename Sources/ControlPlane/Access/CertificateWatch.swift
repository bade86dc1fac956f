import Logging
import Store

/// Keeps up to date which certificates are revoked, and notes which are in use.
struct CertificateWatch: Sendable {
  let certificates: CertificateRing
  let feed: ChangeFeed
  let rhythm: APIKeyWatch.Rhythm
  let logger: Logger

  /// Until the task is cancelled.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        for await change in feed.changes() where change == .certificates || change == .mayHaveMissed { await reload() }
      }
      group.addTask { await APIKeyWatch.every(rhythm.sweep) { certificates.sweep() } }
      group.addTask { await APIKeyWatch.every(rhythm.reload) { await reload() } }
      group.addTask { await APIKeyWatch.every(rhythm.noteUse) { await noteUse() } }
    }
    await noteUse()
  }

  /// It stays as it is while the database is away: nothing can be revoked then either.
  private func reload() async {
    do { try await certificates.reload() } catch {
      logger.debug("revoked certificates could not be read", metadata: ["cause": "\(error)"])
    }
  }

  /// What cannot be noted now is noted next time.
  private func noteUse() async { try? await certificates.noteUse() }
}
