package import Addresses
import Cryptography
package import HeadgateProto
package import NIOCore
import Synchronization

/// The first 16 bytes of SHA-256 of a trigger's key: what an edge node knows triggers by.
package struct KeyDigest: Hashable, Sendable {
  private let high: UInt64
  private let low: UInt64

  /// `nil`: not 16 bytes.
  init?(bytes: [UInt8]) {
    guard bytes.count == 16 else { return nil }
    high = bytes[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
    low = bytes[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// The digest of a key as it stands in the URL.
  init(of key: ArraySlice<UInt8>) {
    let digest = Digest.of(key, .sha256)
    high = digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
    low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
  }
}

/// What the edge node does with a request before anyone else sees it.
package enum PolicyVerdict: Equatable, Sendable {
  /// It is handed on, to be answered within this time; `nil`: the edge node's own.
  case admitted(deadline: Duration?)
  /// It came too soon.
  case limited(HTTPRefusal, retryAfter: Duration)
}

/// What this edge node has been told of triggers, and the buckets of their rates.
///
/// Only triggers that differ from the default are here; while there is none, a request costs one load. Survives the loss of
/// every control plane: what is known stays in force until something else is said.
package final class TriggerPolicies: Sendable {
  /// How much is kept.
  package struct Limits: Sendable, Hashable {
    /// Triggers with a policy; further ones have none, and the log says so.
    package var triggers: Int
    /// Client addresses, each at a trigger, whose rate is watched.
    package var sources: Int

    package init(triggers: Int = 1_000_000, sources: Int = 65_536) {
      self.triggers = triggers
      self.sources = sources
    }
  }

  private struct Policy {
    var deadline: Duration?
    var rate: RequestRate?
    var sourceRate: RequestRate?
    /// The trigger's own bucket.
    var fullAt: Int64 = .min

    init(_ policy: TriggerPolicy) {
      deadline = policy.deadlineMs == 0 ? nil : .milliseconds(policy.deadlineMs)
      rate = RequestRate(perMinute: policy.ratePerMinute, burst: policy.burst)
      sourceRate = RequestRate(perMinute: policy.sourceRatePerMinute, burst: policy.sourceBurst)
    }
  }

  private struct State {
    var known: [KeyDigest: Policy] = [:]
    /// A full list on its way; `nil`: none is.
    var announced: [KeyDigest: Policy]?
    /// Made when a rate first asks for it.
    var sources: SourceBuckets?
  }

  private let limits: Limits
  private let isInUse = Atomic<Bool>(false)
  private let state = Mutex(State())

  package init(limits: Limits = Limits()) {
    self.limits = limits
  }

  /// Triggers with a policy.
  package var count: Int { state.withLock { $0.known.count } }

  // MARK: - What is said of triggers

  /// Takes in a message of the stream.
  ///
  /// - Returns: how many of its triggers were left out: digests that are none, or more than are kept.
  package func apply(_ update: PolicyUpdate) -> Int {
    state.withLock { state in
      if update.reset { state.announced = [:] }
      var policies = state.announced ?? state.known
      // One owner at a time, or every message would copy the table.
      if state.announced != nil { state.announced = [:] } else { state.known = [:] }
      var leftOut = 0
      for digest in update.removed.lazy.compactMap(KeyDigest.init(bytes:)) { policies[digest] = nil }
      for trigger in update.triggers {
        guard let digest = KeyDigest(bytes: trigger.keyDigest), policies.count < limits.triggers || policies[digest] != nil else {
          leftOut += 1
          continue
        }
        var policy = Policy(trigger)
        policy.fullAt = (policies[digest] ?? state.known[digest])?.fullAt ?? .min
        policies[digest] = policy
      }
      if state.announced != nil, !update.complete {
        state.announced = policies
      } else {
        state.known = policies
        state.announced = nil
      }
      isInUse.store(!state.known.isEmpty, ordering: .releasing)
      return leftOut
    }
  }

  /// The stream is gone: a list that was not complete is forgotten, what was known before stays.
  package func streamEnded() {
    state.withLock { $0.announced = nil }
  }

  // MARK: - Requests

  /// Judges a request and takes a token from each of its buckets, or from none.
  ///
  /// - Parameters:
  ///   - key: as it stands in the URL.
  ///   - source: the client's address; only asked for where its rate is limited.
  package func admit(key: ArraySlice<UInt8>, source: () -> IPAddress, at now: NIODeadline) -> PolicyVerdict {
    guard isInUse.load(ordering: .acquiring) else { return .admitted(deadline: nil) }
    let digest = KeyDigest(of: key)
    let now = Int64(clamping: now.uptimeNanoseconds)
    return state.withLock { state in
      guard let policy = state.known[digest] else { return .admitted(deadline: nil) }
      var place: SourceBuckets.Place?
      if let rate = policy.sourceRate {
        if state.sources == nil { state.sources = SourceBuckets(count: limits.sources) }
        place = state.sources?.place(of: source(), at: digest)
        if let wait = rate.wait(fullAt: place?.fullAt ?? .min, now: now) {
          return .limited(.sourceRateLimited, retryAfter: .nanoseconds(wait))
        }
      }
      if let rate = policy.rate {
        if let wait = rate.wait(fullAt: policy.fullAt, now: now) {
          return .limited(.rateLimited, retryAfter: .nanoseconds(wait))
        }
        state.known[digest]?.fullAt = rate.taken(fullAt: policy.fullAt, now: now)
      }
      if let rate = policy.sourceRate, let place {
        state.sources?.store(rate.taken(fullAt: place.fullAt, now: now), at: place)
      }
      return .admitted(deadline: policy.deadline)
    }
  }
}
