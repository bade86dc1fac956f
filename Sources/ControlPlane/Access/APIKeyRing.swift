import Cryptography
package import HeadgateProto
package import Identifiers
package import Postgres
package import Store
import Synchronization

/// The API keys that are valid, in memory: callers are recognised without asking the database.
///
/// The ring is read anew when a change is announced and every two seconds besides, so that a revocation takes effect within
/// five seconds also when its announcement is lost. Keys that have ended are told to `whenEnded` for a while: a caller may
/// be recognised at the very moment at which its key ends.
package final class APIKeyRing: Sendable {
  /// How long the end of a key is told again and again.
  static let echo = Duration.seconds(5)

  private struct Entry: Sendable {
    var row: LiveAPIKeyRow
    var principal: Principal
  }

  private struct State {
    /// By the first bytes of the hash.
    var entries: [UInt64: [Entry]] = [:]
    var isLoaded = false
    /// Those that have ended, and when that was noticed.
    var ended: [String: ContinuousClock.Instant] = [:]
    /// Used since the last `takeUsed`.
    var used: Set<UniqueID> = []
    /// The order in which loads began: an older state never replaces a newer one.
    var nextLoad: UInt64 = 1
    var shownLoad: UInt64 = 0
    var listeners: [@Sendable (Set<String>) -> Void] = []
  }

  private let state = Mutex(State())
  private let store: Store

  package init(store: Store) { self.store = store }

  /// Registers who ends the calls of keys that have ended; called with the keys' ids, from any thread.
  package func whenEnded(_ listener: @escaping @Sendable (Set<String>) -> Void) {
    state.withLock { $0.listeners.append(listener) }
  }

  /// The principal of a key; `nil`: there is no such key, or it has ended.
  ///
  /// - Throws: `unavailable` before the keys were read for the first time.
  package func principal(of text: String, now: UnixTime = .now()) throws(RPCError) -> Principal? {
    guard APIKeyText.isWellFormed(text) else { return nil }
    let hash = APIKeyText.hash(text)
    let found: (isLoaded: Bool, principal: Principal?) = state.withLock { state in
      for entry in state.entries[Self.slot(hash)] ?? []
      where constantTimeEqual(entry.row.hash, hash) && entry.row.isValid(at: now) {
        state.used.insert(entry.row.id)
        return (true, entry.principal)
      }
      return (state.isLoaded, nil)
    }
    guard found.isLoaded else { throw RPCError(.unavailable, "the API keys are not loaded yet") }
    return found.principal
  }

  /// Reads the keys from the database.
  package func reload() async throws(StoreError) {
    let load = state.withLock { state in
      defer { state.nextLoad += 1 }
      return state.nextLoad
    }
    install(try await store.liveAPIKeys(), load)
    tellEnded()
  }

  /// Takes out what has ended by the clock and tells what ended lately.
  package func sweep(now: UnixTime = .now()) {
    state.withLock { state in
      for (slot, entries) in state.entries where entries.contains(where: { !$0.row.isValid(at: now) }) {
        for entry in entries where !entry.row.isValid(at: now) { state.ended[entry.principal.apiKeyID] = .now }
        state.entries[slot] = entries.filter { $0.row.isValid(at: now) }
      }
      state.ended = state.ended.filter { $0.value + Self.echo > .now }
    }
    tellEnded()
  }

  /// Ids of the keys that were used since the last time this was asked.
  package func takeUsed() -> [UniqueID] {
    state.withLock { state in
      defer { state.used = [] }
      return Array(state.used)
    }
  }

  /// Puts ids back whose use could not be noted.
  package func putBack(used: [UniqueID]) { state.withLock { $0.used.formUnion(used) } }

  private func install(_ rows: [LiveAPIKeyRow], _ load: UInt64) {
    var entries: [UInt64: [Entry]] = [:]
    for row in rows {
      guard let principal = Principal(row) else { continue }
      entries[Self.slot(row.hash), default: []].append(Entry(row: row, principal: principal))
    }
    let valid = Set(entries.values.joined().map(\.principal.apiKeyID))
    state.withLock { state in
      guard load > state.shownLoad else { return }
      for entry in state.entries.values.joined() where !valid.contains(entry.principal.apiKeyID) {
        state.ended[entry.principal.apiKeyID] = .now
      }
      state.entries = entries
      state.isLoaded = true
      state.shownLoad = load
    }
  }

  private func tellEnded() {
    let (ended, listeners) = state.withLock { (Set($0.ended.keys), $0.listeners) }
    guard !ended.isEmpty else { return }
    for listener in listeners { listener(ended) }
  }

  private static func slot(_ hash: [UInt8]) -> UInt64 { hash.prefix(8).reduce(0) { $0 << 8 | UInt64($1) } }
}

extension LiveAPIKeyRow {
  fileprivate func isValid(at now: UnixTime) -> Bool { expiresAt.map { now < $0 } ?? true }
}

extension Principal {
  /// Whoever has the key: "key:NAME", or "key:WORKSPACE/NAME" when it is confined to one. `nil` for a role that no key may
  /// have: what is not understood gives no rights.
  init?(_ row: LiveAPIKeyRow) {
    guard let role = Role(rawValue: Int32(row.role)), APIKeyLimits.roles.contains(role) else { return nil }
    self.init(
      name: row.seesAllWorkspaces ? "key:\(row.name)" : "key:\(row.workspace)/\(row.name)", roles: [role],
      workspace: row.seesAllWorkspaces ? nil : row.workspace, apiKeyID: row.id.description)
  }
}
