package import HeadgateProto
import Synchronization

/// The policies of all live triggers, and who follows them.
///
/// What a watcher has not taken yet is kept as one state per trigger, so a slow one costs no more than the number of triggers;
/// beyond `pendingLimit` it is told everything anew instead.
package final class PolicyFeed: Sendable {
  /// The first 16 bytes of SHA-256 of a trigger's key.
  package typealias Digest = [UInt8]

  /// What a watcher has to be told.
  package enum News: Hashable, Sendable {
    /// Everything, and that it is all.
    case everything([TriggerPolicy])
    /// What changed; policies and digests of triggers that have none any more.
    case changes([TriggerPolicy], removed: [Digest])
    /// There is nothing more to come.
    case ended
  }

  /// Changes that a watcher may be behind.
  package static let pendingLimit = 4096

  private struct Watcher {
    /// `nil` for a digest: it has no policy any more. `nil`: to be told everything.
    var pending: [Digest: TriggerPolicy?]?
    var waiting: CheckedContinuation<Void, Never>?

    var hasNews: Bool { pending.map { !$0.isEmpty } ?? true }
  }

  private struct State {
    var policies: [Digest: TriggerPolicy] = [:]
    /// Everything has been loaded once.
    var isComplete = false
    var isClosed = false
    var watchers: [UInt64: Watcher] = [:]
    var nextWatcher: UInt64 = 0

    /// Takes out those whose wait is over.
    mutating func wake() -> [CheckedContinuation<Void, Never>] {
      guard isComplete || isClosed else { return [] }
      return watchers.keys.compactMap { id in
        guard let watcher = watchers[id], let waiting = watcher.waiting, watcher.hasNews || isClosed else { return nil }
        watchers[id]?.waiting = nil
        return waiting
      }
    }
  }

  private let state = Mutex(State())

  package init() {}

  /// Policies known now.
  package var count: Int { state.withLock { $0.policies.count } }

  /// Those who follow now.
  package var watchers: Int { state.withLock { $0.watchers.count } }

  /// Notes what changed. What is equal to what is known is no change.
  ///
  /// - Parameters:
  ///   - changes: by digest; `nil`: the trigger has no policy.
  ///   - isComplete: everything has been loaded.
  package func apply(_ changes: [Digest: TriggerPolicy?], isComplete: Bool) {
    let woken = state.withLock { state in
      state.isComplete = state.isComplete || isComplete
      for (digest, policy) in changes where state.policies[digest] != policy {
        state.policies[digest] = policy
        for id in state.watchers.keys {
          // Subscripts of optionals of optionals: `updateValue` keeps a `nil` as a value.
          state.watchers[id]?.pending?.updateValue(policy, forKey: digest)
          if state.watchers[id]?.pending.map({ $0.count > Self.pendingLimit }) == true { state.watchers[id]?.pending = nil }
        }
      }
      return state.wake()
    }
    for waiting in woken { waiting.resume() }
  }

  /// Ends all watching.
  package func close() {
    let woken = state.withLock { state in
      state.isClosed = true
      return state.wake()
    }
    for waiting in woken { waiting.resume() }
  }

  /// Follows the policies: `body` is given everything first and then changes, until it throws or the feed is closed.
  package func watch(_ body: (News) async throws -> Void) async throws {
    let id = state.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = Watcher(pending: nil)
      return state.nextWatcher
    }
    defer { state.withLock { $0.watchers[id] = nil } }
    while true {
      let news = await next(id)
      try Task.checkCancellation()
      try await body(news)
      if news == .ended { return }
    }
  }

  private func next(_ id: UInt64) async -> News {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        let isDue = state.withLock { state in
          if Task.isCancelled || state.isClosed || state.isComplete && state.watchers[id]?.hasNews != false { return true }
          state.watchers[id]?.waiting = continuation
          return false
        }
        if isDue { continuation.resume() }
      }
    } onCancel: {
      state.withLock { state in
        defer { state.watchers[id]?.waiting = nil }
        return state.watchers[id]?.waiting
      }?.resume()
    }
    return state.withLock { state in
      if state.isClosed { return .ended }
      defer { state.watchers[id]?.pending = [:] }
      guard let pending = state.watchers[id]?.pending else { return .everything(Array(state.policies.values)) }
      return .changes(pending.values.compactMap { $0 }, removed: pending.filter { $0.value == nil }.map(\.key))
    }
  }
}
